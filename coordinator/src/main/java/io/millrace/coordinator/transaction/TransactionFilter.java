package io.millrace.coordinator.transaction;

import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.apache.kafka.common.errors.InvalidRegularExpression;
import org.jspecify.annotations.Nullable;

/**
 * Which transactions are listed. Expressions run in time linear in the id, so that none can hold up
 * the shard.
 */
public final class TransactionFilter {
  private final boolean anyState;
  private final Set<TransactionState> states = EnumSet.noneOf(TransactionState.class);
  private final List<String> unknownStates = new ArrayList<>();
  private final Set<Long> producerIds;
  private final long durationMs;
  private final @Nullable Pattern pattern;

  /**
   * @param states by name; empty for all
   * @param producerIds empty for all
   * @param durationMs only those open for longer; negative for all
   * @param pattern of the whole transactional id; null or empty for all
   * @throws InvalidRegularExpression if the pattern is none
   */
  public TransactionFilter(
      List<String> states, List<Long> producerIds, long durationMs, @Nullable String pattern) {
    this.anyState = states.isEmpty();
    for (String name : states) {
      TransactionState.named(name).ifPresentOrElse(this.states::add, () -> unknownStates.add(name));
    }
    this.producerIds = new TreeSet<>(producerIds);
    this.durationMs = durationMs;
    try {
      this.pattern = pattern == null || pattern.isEmpty() ? null : Pattern.compile(pattern);
    } catch (PatternSyntaxException e) {
      throw new InvalidRegularExpression(
          "Transaction ID pattern '%s' is no regular expression: %s"
              .formatted(pattern, e.getDescription()));
    }
  }

  /** Names asked for that are no states. */
  public List<String> unknownStates() {
    return List.copyOf(unknownStates);
  }

  boolean accepts(Transaction transaction, long nowMs) {
    return (anyState || states.contains(transaction.state()))
        && (producerIds.isEmpty() || producerIds.contains(transaction.producerId()))
        && (durationMs < 0 || nowMs - transaction.startMs() > durationMs)
        && (pattern == null || pattern.matches(transaction.transactionalId()));
  }
}
