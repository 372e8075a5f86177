package io.millrace.coordinator.group.assignor;

import java.util.List;
import java.util.PriorityQueue;
import org.apache.kafka.common.Uuid;

/** Gives to whoever of some members has least. */
final class Lightest {
  private final PriorityQueue<Shares> queue;

  Lightest(List<Shares> members) {
    this.queue = new PriorityQueue<>(members.size(), Shares.LIGHTEST);
    queue.addAll(members);
  }

  void give(Uuid topic, int partition) {
    Shares lightest = queue.remove();
    lightest.add(topic, partition);
    queue.add(lightest);
  }
}
