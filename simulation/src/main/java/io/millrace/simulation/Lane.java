package io.millrace.simulation;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One producer's batches for one partition, oldest first, of which the first few are in flight, all
 * on the same connection.
 */
final class Lane {
  static final int BATCHES_MAX = 5;

  final String topic;
  final PartitionLedger ledger;
  final List<SentBatch> unsettled = new ArrayList<>();
  private final String namePrefix;
  private @Nullable Connection via;
  private @Nullable SentBatch lastSettled;
  private int inFlight;
  private boolean draining;
  private boolean begun;
  private int nextNumber;
  private int nextSequence;

  Lane(String producer, int number, String topic, PartitionLedger ledger) {
    this.namePrefix = producer + "." + number + "-";
    this.topic = topic;
    this.ledger = ledger;
  }

  String nextName() {
    return namePrefix + nextNumber;
  }

  int nextSequence() {
    return nextSequence;
  }

  void add(SentBatch batch, int records) {
    unsettled.add(batch);
    ledger.sending(batch);
    nextNumber++;
    nextSequence += records;
  }

  int nextNumber() {
    return nextNumber;
  }

  boolean hasUnsent() {
    return !draining && inFlight < unsettled.size();
  }

  /**
   * Not while something is in flight elsewhere, nor behind a first batch that may be refused: it
   * would come out of order, where a broker takes the first it sees of a producer.
   */
  boolean maySendVia(Connection connection) {
    return inFlight == 0 || (begun && connection.equals(via));
  }

  SentBatch send(Connection connection) {
    via = connection;
    return unsettled.get(inFlight++);
  }

  /** True if every batch before this one is settled. */
  boolean isHead(SentBatch batch) {
    return !unsettled.isEmpty() && unsettled.getFirst().equals(batch);
  }

  @Nullable SentBatch lastSettled() {
    return lastSettled;
  }

  void settled(SentBatch batch) {
    lastSettled = batch;
    begun = true;
    if (unsettled.remove(batch)) {
      inFlight--;
      drained();
    }
  }

  /** Everything unsettled is sent again, in order, once what is in flight has come back. */
  void failed() {
    draining = true;
    inFlight--;
    drained();
  }

  void onBroken(Connection connection) {
    if (connection.equals(via)) {
      sendAgain();
    }
  }

  private void sendAgain() {
    via = null;
    inFlight = 0;
    draining = false;
  }

  @Override
  public String toString() {
    return "%d of %d in flight%s"
        .formatted(inFlight, unsettled.size(), draining ? ", draining" : "");
  }

  private void drained() {
    if (draining && inFlight <= 0) {
      sendAgain();
    }
  }
}
