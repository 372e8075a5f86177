package io.millrace.simulation;

import io.millrace.runtime.EventLoop;
import io.millrace.simulation.TransactionLedger.Epoch;
import io.millrace.simulation.TransactionLedger.Part;
import io.millrace.simulation.TransactionLedger.Transaction;
import io.millrace.storage.PartitionId;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.message.AddPartitionsToTxnRequestData;
import org.apache.kafka.common.message.AddPartitionsToTxnRequestData.AddPartitionsToTxnTopic;
import org.apache.kafka.common.message.AddPartitionsToTxnRequestData.AddPartitionsToTxnTopicCollection;
import org.apache.kafka.common.message.AddPartitionsToTxnResponseData;
import org.apache.kafka.common.message.EndTxnRequestData;
import org.apache.kafka.common.message.EndTxnResponseData;
import org.apache.kafka.common.message.InitProducerIdRequestData;
import org.apache.kafka.common.message.InitProducerIdResponseData;
import org.apache.kafka.common.message.ProduceRequestData;
import org.apache.kafka.common.message.ProduceRequestData.PartitionProduceData;
import org.apache.kafka.common.message.ProduceRequestData.TopicProduceData;
import org.apache.kafka.common.message.ProduceResponseData;
import org.apache.kafka.common.message.ProduceResponseData.PartitionProduceResponse;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.requests.FindCoordinatorRequest.CoordinatorType;
import org.jspecify.annotations.Nullable;

/**
 * Writes to several partitions in one transaction, amounts that add up to nothing, and commits or
 * aborts it; one transaction after the other, by version 1 or 2 of the protocol. What does not get
 * on for a while it aborts; when it is fenced it begins anew, as a restarted client.
 */
class TransactionalProducer extends Client {
  private static final int INIT_VERSION = 5;
  private static final int ADD_VERSION = 3;
  private static final int TIMEOUT_MS = 40_000;

  /** In a row, without anything acknowledged. */
  static final int TRIES_MAX = 30;

  /** Whoever says so would say it again. */
  private static final Set<Errors> FENCED =
      EnumSet.of(
          Errors.INVALID_PRODUCER_EPOCH,
          Errors.PRODUCER_FENCED,
          Errors.INVALID_PRODUCER_ID_MAPPING);

  private static final Set<Errors> ABORTABLE =
      EnumSet.of(
          Errors.INVALID_TXN_STATE, Errors.TRANSACTION_ABORTABLE, Errors.UNKNOWN_PRODUCER_ID);

  private static final Set<Errors> PASSING =
      EnumSet.of(
          Errors.CONCURRENT_TRANSACTIONS,
          Errors.COORDINATOR_LOAD_IN_PROGRESS,
          Errors.NOT_COORDINATOR,
          Errors.COORDINATOR_NOT_AVAILABLE,
          Errors.REQUEST_TIMED_OUT,
          Errors.NETWORK_EXCEPTION,
          Errors.NOT_ENOUGH_REPLICAS,
          Errors.NOT_LEADER_OR_FOLLOWER,
          Errors.KAFKA_STORAGE_ERROR,
          Errors.UNKNOWN_TOPIC_ID,
          Errors.OPERATION_NOT_ATTEMPTED, // of a partition named beside one that is unknown
          Errors.UNKNOWN_TOPIC_OR_PARTITION);

  final TransactionLedger transactions;
  final TransactionLedger.Id id;
  private final Habits habits;
  final CoordinatorRoute coordinator;
  private final TreeMap<PartitionId, Integer> sequences = new TreeMap<>();
  private final Set<Part> sending = new HashSet<>();
  private final Set<PartitionId> added = new HashSet<>();
  private Step step = Step.INITIALIZE;
  private long producerId = -1;
  private short producerEpoch = -1;
  private int number;
  private int tries;
  private boolean commits;
  private boolean implicit;
  private boolean vanished;
  private @Nullable Transaction open;
  private String lastError = "none";

  enum Step {
    INITIALIZE,
    BEGIN,
    SEND,
    OFFSETS,
    END
  }

  /**
   * @param version of the protocol
   * @param vanishes once it is to rest, it is gone for good, in the middle of a transaction if it
   *     can be
   */
  record Habits(Version version, boolean vanishes) {}

  enum Version {
    ONE,
    /** A produce request adds its partitions, each end gives a new epoch. */
    TWO,
    /** Either, from one transaction to the next, as the feature's level is moved. */
    MIXED
  }

  TransactionalProducer(
      String name,
      EventLoop loop,
      SplittableRandom random,
      World world,
      TransactionLedger transactions,
      TransactionLedger.Id id,
      Habits habits) {
    super(name, loop, random, world);
    this.transactions = transactions;
    this.id = id;
    this.habits = habits;
    this.implicit = habits.version() == Version.TWO;
    this.coordinator = new CoordinatorRoute(this, CoordinatorType.TRANSACTION, id.name);
  }

  @Override
  boolean done() {
    return open == null || vanished;
  }

  @Override
  String waitsFor() {
    return "%s, %s of %s (%d, %d), %s, sends %s, last error %s, coordinator %s"
        .formatted(
            name, step, open, producerId, producerEpoch, commits, sending, lastError, coordinator);
  }

  @Override
  void act() {
    vanished |= habits.vanishes() && resting() && (open == null || step == Step.SEND);
    if (vanished) {
      return;
    }
    Connection connection = step == Step.SEND && implicit ? null : coordinator.free();
    Transaction transaction = open;
    switch (step) {
      case INITIALIZE -> {
        if (connection != null && (!resting() || hasWork())) {
          initialize(connection);
        }
      }
      case BEGIN -> {
        if (!resting() || hasWork()) {
          prepare();
        }
      }
      case SEND -> {
        if (transaction != null) {
          send(transaction, connection);
        }
      }
      case OFFSETS -> {
        if (connection != null && transaction != null) {
          commitOffsets(transaction, connection);
        }
      }
      case END -> {
        if (connection != null && transaction != null) {
          end(transaction, connection);
        }
      }
    }
    if (!pauses(this::act)) {
      later(10 + random.nextInt(30), this::act);
    }
  }

  @Override
  void onBroken(Connection connection) {
    coordinator.onBroken(connection);
    sending.clear(); // what was on another connection is sent twice, which does no harm
  }

  /** Whether it works on although it rests. */
  boolean hasWork() {
    return false;
  }

  /** Begins a transaction if there is something to write. */
  void prepare() {
    List<PartitionLedger> partitions =
        new ArrayList<>(partitions().stream().filter(p -> !p.isDeleting()).toList());
    if (partitions.size() < 2) {
      askWhoLeads();
      return;
    }
    Collections.shuffle(partitions, new Random(random.nextLong()));
    Transaction transaction = begin();
    int amount = 1 + random.nextInt(1000);
    add(transaction, partitions.get(0), amount);
    add(transaction, partitions.get(1), -amount);
    for (int i = random.nextInt(3); i > 0; i--) {
      add(transaction, partitions.get(random.nextInt(partitions.size())), 0);
    }
    begun(random.nextInt(4) > 0);
  }

  final Transaction begin() {
    Transaction transaction =
        transactions.begin(id, name + "." + number++, new Epoch(producerId, producerEpoch));
    open = transaction;
    return transaction;
  }

  final void add(Transaction transaction, PartitionLedger partition, int amount) {
    int batch = (int) transaction.parts.stream().filter(p -> p.partition() == partition).count();
    String batchName = "%s.%s-%d".formatted(transaction.name, partition.id().partition(), batch);
    int sequence = sequences.merge(partition.id(), 1, Integer::sum) - 1;
    SentBatch sent =
        new SentBatch(
            batchName,
            batch,
            true,
            RecordedBatch.encode(
                batchName,
                List.of(new byte[random.nextInt(200)]),
                Compression.NONE,
                clock.wallMs(),
                producerId,
                producerEpoch,
                sequence,
                true),
            transaction);
    partition.sending(sent);
    transaction.parts.add(new Part(partition, sent, amount));
  }

  /** All that is to be written is known. */
  final void begun(boolean toCommit) {
    commits = toCommit;
    added.clear();
    sending.clear();
    tries = 0;
    lastError = "none";
    step = Step.SEND;
  }

  /** Offsets that go with the transaction, if any. */
  void commitOffsets(Transaction transaction, Connection toCoordinator) {
    offsetsCommitted();
  }

  final void offsetsCommitted() {
    step = Step.END;
  }

  /** Whether the present transaction is of version 2. */
  final boolean implicit() {
    return implicit;
  }

  final boolean isOpen(Transaction transaction) {
    return transaction.equals(open);
  }

  final long producerId() {
    return producerId;
  }

  final short producerEpoch() {
    return producerEpoch;
  }

  /** It was committed, for certain. */
  void onCommitted() {}

  /** It was aborted, or nobody knows. */
  void onFailed() {}

  private void initialize(Connection connection) {
    coordinator.ask(
        connection,
        new InitProducerIdRequestData()
            .setTransactionalId(id.name)
            .setTransactionTimeoutMs(TIMEOUT_MS),
        INIT_VERSION,
        answer -> {
          InitProducerIdResponseData told = (InitProducerIdResponseData) answer;
          if (told.errorCode() == Errors.NONE.code()) {
            id.onInitialized(new Epoch(told.producerId(), told.producerEpoch()));
          }
        },
        answer -> {
          InitProducerIdResponseData told = (InitProducerIdResponseData) answer;
          Errors error = Errors.forCode(told.errorCode());
          if (error == Errors.NONE) {
            renewed(told.producerId(), told.producerEpoch());
            step = Step.BEGIN;
          } else if (!FENCED.contains(error)) {
            passes(error);
          }
        });
  }

  private void renewed(long newId, short epoch) {
    producerId = newId;
    producerEpoch = epoch;
    sequences.clear();
  }

  /** Fails with a violation if no broker may say so. */
  private void passes(Errors error) {
    lastError = error.name();
    if (!coordinator.leftBy(error) && !PASSING.contains(error)) {
      throw new Violation("%s told to %s".formatted(error, waitsFor()));
    }
  }

  private void send(Transaction transaction, @Nullable Connection toCoordinator) {
    if (tries++ > TRIES_MAX
        || transaction.parts.stream().anyMatch(p -> p.partition().isDeleting())) {
      giveUp();
      return;
    }
    List<Part> left =
        transaction.parts.stream().filter(part -> part.batch().acknowledgedAt() < 0).toList();
    if (left.isEmpty()) {
      step = commits ? Step.OFFSETS : Step.END;
      return;
    }
    if (!implicit && !addAll(left, toCoordinator)) {
      return;
    }
    Set<PartitionId> busy = new HashSet<>();
    sending.forEach(part -> busy.add(part.partition().id()));
    for (Part part : left) {
      Connection connection =
          busy.add(part.partition().id()) ? leader(part.partition().id()) : null;
      if (connection != null) {
        send(transaction, part, connection);
      }
    }
  }

  /** True if the coordinator knows the partitions. */
  private boolean addAll(List<Part> parts, @Nullable Connection toCoordinator) {
    Set<PartitionId> missing = new HashSet<>();
    parts.forEach(part -> missing.add(part.partition().id()));
    missing.removeAll(added);
    if (missing.isEmpty()) {
      return true;
    }
    if (toCoordinator != null) {
      addPartitions(toCoordinator, missing);
    }
    return false;
  }

  private void addPartitions(Connection connection, Set<PartitionId> partitions) {
    AddPartitionsToTxnTopicCollection topics = new AddPartitionsToTxnTopicCollection();
    for (PartitionId partition : partitions) {
      String topic = ledger.name(partition.topicId());
      if (topic == null) {
        giveUp();
        return;
      }
      AddPartitionsToTxnTopic found = topics.find(topic);
      if (found == null) {
        found = new AddPartitionsToTxnTopic().setName(topic).setPartitions(new ArrayList<>());
        topics.add(found);
      }
      found.partitions().add(partition.partition());
    }
    Transaction of = open;
    coordinator.ask(
        connection,
        new AddPartitionsToTxnRequestData()
            .setV3AndBelowTransactionalId(id.name)
            .setV3AndBelowProducerId(producerId)
            .setV3AndBelowProducerEpoch(producerEpoch)
            .setV3AndBelowTopics(topics),
        ADD_VERSION,
        answer -> {},
        answer -> {
          if (Objects.equals(of, open)) {
            boolean[] all = {true};
            ((AddPartitionsToTxnResponseData) answer)
                .resultsByTopicV3AndBelow()
                .forEach(topic ->
                    topic
                        .resultsByPartition()
                        .forEach(p -> all[0] &= succeeds(Errors.forCode(p.partitionErrorCode()))));
            if (all[0]) {
              added.addAll(partitions);
            }
          }
        });
  }

  private void send(Transaction transaction, Part part, Connection connection) {
    PartitionId partition = part.partition().id();
    TopicProduceData topic =
        new TopicProduceData()
            .setPartitionData(
                List.of(
                    new PartitionProduceData()
                        .setIndex(partition.partition())
                        .setRecords(
                            MemoryRecords.readableRecords(
                                part.batch().attempt(connection.process().writer())))));
    if (implicit) {
      topic.setTopicId(partition.topicId());
    } else {
      topic.setName(Objects.requireNonNullElse(ledger.name(partition.topicId()), "gone"));
    }
    ProduceRequestData request =
        new ProduceRequestData()
            .setTransactionalId(id.name)
            .setAcks((short) -1)
            .setTimeoutMs(30_000);
    request.topicData().add(topic);
    boolean goneAtRequest = part.partition().isGoneAt(connection.process());
    sending.add(part);
    send(
        connection,
        request,
        implicit ? 13 : 11,
        answer -> {
          PartitionProduceResponse told = told(answer);
          if (told.errorCode() == Errors.NONE.code()) {
            part.partition()
                .acknowledged(part.batch(), told.baseOffset(), goneAtRequest, connection.process());
          }
        },
        answer -> {
          sending.remove(part);
          if (transaction.equals(open)
              && step == Step.SEND
              && succeeds(Errors.forCode(told(answer).errorCode()))) {
            tries = 0; // a partition takes one batch a try, of as many as there are
          }
        });
  }

  private static PartitionProduceResponse told(Object answer) {
    return ((ProduceResponseData) answer)
        .responses()
        .iterator()
        .next()
        .partitionResponses()
        .getFirst();
  }

  /** True if there is no error; otherwise it is known what to do, or it is a violation. */
  final boolean succeeds(Errors error) {
    if (error == Errors.NONE) {
      return true;
    }
    lastError = error.name();
    if (FENCED.contains(error)) {
      beginAnew();
    } else if (ABORTABLE.contains(error)) {
      giveUp();
    } else {
      passes(error);
      askWhoLeads();
    }
    return false;
  }

  private void giveUp() {
    commits = false;
    step = Step.END;
  }

  /** It has lost its place, or does not know what of its sequences has arrived. */
  private void beginAnew() {
    open = null;
    onFailed();
    step = Step.INITIALIZE;
  }

  private void end(Transaction transaction, Connection connection) {
    boolean commit = commits;
    Epoch latest = id.latest();
    if (commit) {
      transaction.committing();
    }
    coordinator.ask(
        connection,
        new EndTxnRequestData()
            .setTransactionalId(id.name)
            .setProducerId(producerId)
            .setProducerEpoch(producerEpoch)
            .setCommitted(commit),
        implicit ? 5 : 4,
        answer -> onEndAnswered(transaction, commit, latest, (EndTxnResponseData) answer),
        answer -> onEnded(transaction, commit, (EndTxnResponseData) answer));
  }

  private void onEndAnswered(
      Transaction transaction, boolean commit, Epoch latest, EndTxnResponseData answer) {
    if (answer.errorCode() != Errors.NONE.code()) {
      return;
    }
    if (transaction.epoch.compareTo(latest) < 0) {
      throw new Violation(
          "B7: %s was ended by one that had been fenced by %s".formatted(transaction, latest));
    }
    if (commit) {
      transaction.committed();
    } else {
      transaction.aborted();
    }
  }

  /**
   * A partition still has the last transaction open until its marker comes, and version 2 asks
   * nobody whether it has. So a client that is upgraded begins with a new epoch, as Kafka's does.
   */
  private void changeVersion(boolean toImplicit) {
    if (toImplicit && !implicit) {
      step = Step.INITIALIZE;
    }
    implicit = toImplicit;
  }

  private void onEnded(Transaction transaction, boolean commit, EndTxnResponseData answer) {
    if (!transaction.equals(open)) {
      return;
    }
    Errors error = Errors.forCode(answer.errorCode());
    if (error == Errors.NONE) {
      boolean unsure = transaction.parts.stream().anyMatch(p -> p.batch().acknowledgedAt() < 0);
      open = null;
      if (commit) {
        onCommitted();
      } else {
        onFailed();
      }
      step = unsure && !implicit ? Step.INITIALIZE : Step.BEGIN;
      if (implicit && answer.producerId() >= 0) {
        renewed(answer.producerId(), answer.producerEpoch());
      }
      if (habits.version() == Version.MIXED) {
        changeVersion(random.nextBoolean());
      }
    } else if (FENCED.contains(error) || ABORTABLE.contains(error)) {
      lastError = error.name();
      beginAnew();
    } else {
      passes(error);
    }
  }
}
