package io.millrace.broker.handler;

import io.millrace.broker.transaction.TransactionVerifier;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.protocol.Errors;

/** A coordinator that confirms every transaction, unless the test says otherwise. */
final class SimulatedVerifier implements TransactionVerifier {
  /** What it was asked, in order. */
  final List<String> questions = new ArrayList<>();

  private final List<Runnable> held = new ArrayList<>();
  private Errors answer = Errors.NONE;
  private boolean holds;

  void answer(Errors error) {
    answer = error;
  }

  /** Answers nothing until {@link #letGo()}. */
  void hold() {
    holds = true;
  }

  void letGo() {
    holds = false;
    List<Runnable> answers = List.copyOf(held);
    held.clear();
    answers.forEach(Runnable::run);
  }

  @Override
  public CompletableFuture<Map<TopicPartition, Errors>> verifyOrAdd(
      String transactionalId,
      long producerId,
      short producerEpoch,
      Collection<TopicPartition> partitions,
      boolean addIfAbsent) {
    questions.add(
        "%s %s of %s, producer %d at epoch %d"
            .formatted(
                addIfAbsent ? "add" : "verify",
                partitions.stream().map(TopicPartition::toString).sorted().toList(),
                transactionalId,
                producerId,
                producerEpoch));
    Map<TopicPartition, Errors> answers = new HashMap<>();
    partitions.forEach(partition -> answers.put(partition, answer));
    CompletableFuture<Map<TopicPartition, Errors>> future = new CompletableFuture<>();
    if (holds) {
      held.add(() -> future.complete(answers));
    } else {
      future.complete(answers);
    }
    return future;
  }
}
