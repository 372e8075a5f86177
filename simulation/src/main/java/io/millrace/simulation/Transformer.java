package io.millrace.simulation;

import io.millrace.runtime.EventLoop;
import io.millrace.simulation.TransactionLedger.Transaction;
import java.util.List;
import java.util.SplittableRandom;
import org.apache.kafka.common.message.AddOffsetsToTxnRequestData;
import org.apache.kafka.common.message.AddOffsetsToTxnResponseData;
import org.apache.kafka.common.message.FetchResponseData;
import org.apache.kafka.common.message.OffsetFetchRequestData;
import org.apache.kafka.common.message.OffsetFetchRequestData.OffsetFetchRequestGroup;
import org.apache.kafka.common.message.OffsetFetchRequestData.OffsetFetchRequestTopics;
import org.apache.kafka.common.message.OffsetFetchResponseData;
import org.apache.kafka.common.message.OffsetFetchResponseData.OffsetFetchResponseGroup;
import org.apache.kafka.common.message.OffsetFetchResponseData.OffsetFetchResponsePartitions;
import org.apache.kafka.common.message.TxnOffsetCommitRequestData;
import org.apache.kafka.common.message.TxnOffsetCommitRequestData.TxnOffsetCommitRequestPartition;
import org.apache.kafka.common.message.TxnOffsetCommitRequestData.TxnOffsetCommitRequestTopic;
import org.apache.kafka.common.message.TxnOffsetCommitResponseData;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.FindCoordinatorRequest.CoordinatorType;
import org.jspecify.annotations.Nullable;

/**
 * Consumes one partition, writes something for each batch elsewhere, and commits where it is in the
 * same transaction. Works on while it rests until nothing is left to consume.
 */
final class Transformer extends TransactionalProducer {
  private static final int OFFSET_FETCH_VERSION = 9;
  private static final int ADD_OFFSETS_VERSION = 4;
  private static final int BATCHES_MAX = 40;
  private static final long UNKNOWN = -1;

  private final String group;
  private final CoordinatorRoute offsets;
  private @Nullable PartitionLedger input;
  private @Nullable Connection fetching;
  private long position = UNKNOWN;
  private long next = UNKNOWN;
  private boolean consumed;
  private boolean offsetsAdded;

  Transformer(
      String name,
      EventLoop loop,
      SplittableRandom random,
      World world,
      TransactionLedger transactions,
      TransactionLedger.Id id,
      Version version) {
    super(name, loop, random, world, transactions, id, new Habits(version, false));
    this.group = id.name + "-input";
    this.offsets = new CoordinatorRoute(this, CoordinatorType.GROUP, group);
  }

  @Override
  boolean done() {
    return super.done() && !hasWork();
  }

  @Override
  String waitsFor() {
    return "%s; consumes %s at %d, its end is %s, offsets %s"
        .formatted(
            super.waitsFor(), input == null ? "nothing" : input.id(), position, consumed, offsets);
  }

  @Override
  boolean hasWork() {
    return input != null && !consumed;
  }

  @Override
  void onBroken(Connection connection) {
    super.onBroken(connection);
    offsets.onBroken(connection);
    if (connection.equals(fetching)) {
      fetching = null;
    }
  }

  @Override
  void work() {
    super.work();
    consumed = false;
  }

  @Override
  void rest() {
    super.rest();
    consumed = false;
  }

  @Override
  void prepare() {
    PartitionLedger from = input;
    if (from == null) {
      input = partitions().stream().findFirst().orElse(null);
      askWhoLeads();
    } else if (position == UNKNOWN) {
      lookUpPosition(from);
    } else if (fetching == null) {
      consume(from);
    }
  }

  private void lookUpPosition(PartitionLedger from) {
    Connection connection = offsets.free();
    String topic = ledger.name(from.id().topicId());
    if (connection == null || topic == null) {
      return;
    }
    offsets.ask(
        connection,
        new OffsetFetchRequestData()
            .setRequireStable(true)
            .setGroups(
                List.of(
                    new OffsetFetchRequestGroup()
                        .setGroupId(group)
                        .setTopics(
                            List.of(
                                new OffsetFetchRequestTopics()
                                    .setName(topic)
                                    .setPartitionIndexes(List.of(from.id().partition())))))),
        OFFSET_FETCH_VERSION,
        answer -> {},
        answer -> {
          OffsetFetchResponseGroup told = ((OffsetFetchResponseData) answer).groups().getFirst();
          Errors error = Errors.forCode(told.errorCode());
          if (error == Errors.NONE) {
            OffsetFetchResponsePartitions found = told.topics().getFirst().partitions().getFirst();
            error = Errors.forCode(found.errorCode());
            position = error == Errors.NONE ? Math.max(0, found.committedOffset()) : UNKNOWN;
          }
          offsets.leftBy(error);
        });
  }

  private void consume(PartitionLedger from) {
    Connection connection = leader(from.id());
    if (connection == null) {
      return;
    }
    position = Math.max(position, world.logStart(from.id()));
    long at = position;
    FetchCheck check = FetchCheck.committedAt(from, at, connection.process());
    fetching = connection;
    send(
        connection,
        FetchCheck.request(List.of(check), 0, 2_000 + random.nextInt(50_000)),
        FetchCheck.VERSION,
        answer -> {
          fetching = null;
          check
              .answered((FetchResponseData) answer, true)
              .ifPresentOrElse(fetched -> onConsumed(from, at, fetched), this::askWhoLeads);
        });
  }

  private void onConsumed(PartitionLedger from, long at, FetchCheck.Fetched fetched) {
    if (position != at) {
      return;
    }
    TransactionLedger.readCommitted(from, fetched.visible());
    List<RecordedBatch> batches =
        fetched.visible().stream()
            .filter(batch -> batch.lastOffset() >= at)
            .limit(BATCHES_MAX)
            .toList();
    List<PartitionLedger> outputs =
        partitions().stream().filter(p -> p != from && !p.isDeleting()).toList();
    if (batches.isEmpty() || outputs.isEmpty()) {
      position = fetched.next(at);
      consumed = resting() && position >= fetched.highWatermark();
      return;
    }
    Transaction transaction = begin();
    for (RecordedBatch batch : batches) {
      transaction.inputs.add(from.id() + " at " + batch.baseOffset());
      add(transaction, outputs.get(random.nextInt(outputs.size())), 0);
    }
    next = batches.getLast().lastOffset() + 1;
    offsetsAdded = implicit();
    begun(random.nextInt(8) > 0);
  }

  @Override
  void commitOffsets(Transaction transaction, Connection toCoordinator) {
    if (offsetsAdded) {
      Connection connection = offsets.free();
      if (connection != null) {
        sendOffsets(transaction, connection);
      }
      return;
    }
    coordinator.ask(
        toCoordinator,
        new AddOffsetsToTxnRequestData()
            .setTransactionalId(id.name)
            .setProducerId(producerId())
            .setProducerEpoch(producerEpoch())
            .setGroupId(group),
        ADD_OFFSETS_VERSION,
        answer -> {},
        answer ->
            offsetsAdded =
                isOpen(transaction)
                    && succeeds(
                        Errors.forCode(((AddOffsetsToTxnResponseData) answer).errorCode())));
  }

  private void sendOffsets(Transaction transaction, Connection connection) {
    PartitionLedger from = input;
    String topic = from == null ? null : ledger.name(from.id().topicId());
    if (from == null || topic == null) {
      return;
    }
    offsets.ask(
        connection,
        new TxnOffsetCommitRequestData()
            .setTransactionalId(id.name)
            .setGroupId(group)
            .setProducerId(producerId())
            .setProducerEpoch(producerEpoch())
            .setTopics(
                List.of(
                    new TxnOffsetCommitRequestTopic()
                        .setName(topic)
                        .setPartitions(
                            List.of(
                                new TxnOffsetCommitRequestPartition()
                                    .setPartitionIndex(from.id().partition())
                                    .setCommittedOffset(next)
                                    .setCommittedMetadata(""))))),
        implicit() ? 5 : 4,
        answer -> {},
        answer -> {
          Errors error =
              Errors.forCode(
                  ((TxnOffsetCommitResponseData) answer)
                      .topics()
                      .getFirst()
                      .partitions()
                      .getFirst()
                      .errorCode());
          if (isOpen(transaction) && !offsets.leftBy(error) && succeeds(error)) {
            offsetsCommitted();
          }
        });
  }

  @Override
  void onCommitted() {
    position = next;
  }

  @Override
  void onFailed() {
    position = UNKNOWN;
  }
}
