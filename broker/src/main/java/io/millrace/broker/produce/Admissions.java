package io.millrace.broker.produce;

import io.millrace.storage.PartitionId;
import io.millrace.storage.log.VerificationGuard;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What each partition of a request may append under: a guard, or nothing for a reason. Read when
 * all of them are known.
 */
public final class Admissions {
  /** Of a request that is not transactional. */
  public static final Admissions NONE = new Admissions(Map.of(), Map.of());

  private final Map<PartitionId, VerificationGuard> guards;
  private final Map<PartitionId, Throwable> refusals;

  Admissions() {
    this(new HashMap<>(), new HashMap<>());
  }

  private Admissions(
      Map<PartitionId, VerificationGuard> guards, Map<PartitionId, Throwable> refusals) {
    this.guards = guards;
    this.refusals = refusals;
  }

  synchronized void admit(PartitionId id, VerificationGuard guard) {
    guards.put(id, guard);
  }

  synchronized void refuse(PartitionId id, Throwable reason) {
    refusals.put(id, reason);
  }

  VerificationGuard guard(PartitionId id) {
    return guards.getOrDefault(id, VerificationGuard.NONE);
  }

  @Nullable Throwable refusal(PartitionId id) {
    return refusals.get(id);
  }
}
