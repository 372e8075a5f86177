package io.millrace.simulation;

import io.millrace.runtime.EventLoop;
import io.millrace.storage.PartitionId;
import java.util.List;
import java.util.SplittableRandom;
import org.apache.kafka.common.message.OffsetFetchResponseData;
import org.apache.kafka.common.protocol.Errors;

/**
 * Asks any broker what a group has committed, without waiting for answers: whoever coordinates it,
 * or believes so, must tell the truth. Has nothing to finish.
 */
final class OffsetAsker extends Client {
  private final GroupLedger group;

  OffsetAsker(
      String name, EventLoop loop, SplittableRandom random, World world, GroupLedger group) {
    super(name, loop, random, world);
    this.group = group;
  }

  @Override
  boolean done() {
    return true;
  }

  @Override
  String waitsFor() {
    return name + " waits for nothing";
  }

  @Override
  void act() {
    Connection connection = resting() ? null : any();
    List<PartitionId> partitions =
        partitions().stream()
            .filter(partition -> !partition.isDeleting())
            .map(PartitionLedger::id)
            .toList();
    if (connection != null && !partitions.isEmpty()) {
      OffsetCheck check = OffsetCheck.of(group, partitions);
      send(
          connection,
          check.request(),
          OffsetCheck.VERSION,
          answer -> {
            OffsetFetchResponseData told = (OffsetFetchResponseData) answer;
            if (check.error(told) == Errors.NONE) {
              check.answered(told, id -> ledger.partition(id).isDeleting());
            }
          },
          answer -> {});
    }
    later(10 + random.nextInt(80), this::act);
  }

  @Override
  void onBroken(Connection connection) {}
}
