package io.millrace.broker.cluster;

import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataImage.Incarnation;
import io.millrace.storage.metadata.MetadataImage.Partition;
import io.millrace.storage.metadata.MetadataImage.Topic;
import io.millrace.storage.metadata.MetadataLog;
import io.millrace.storage.metadata.MetadataRecord.Endpoint;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.kafka.common.protocol.Errors;

/**
 * An image as clients of one listener see it: advertised addresses, the lowest live broker as
 * controller, the live replicas as in sync.
 *
 * @param listener the one the request came in on
 */
public record ClusterView(MetadataImage image, String listener) {
  /** What no one is left to forbid while there are no ACLs, as Kafka's bit field of operations. */
  public static final int ALL_CLUSTER_OPERATIONS = 0b1_1111_1010_0000;

  public static final int ALL_TOPIC_OPERATIONS = 0b1101_1111_1000;

  public static final int NOT_ASKED = Integer.MIN_VALUE;

  /** A broker at its address on the listener. */
  public record Broker(int id, String host, int port, Optional<String> rack) {}

  /** Live brokers that have an address on the listener, by id. */
  public List<Broker> brokers() {
    List<Broker> brokers = new ArrayList<>();
    for (int id : image.brokers().keySet()) {
      Incarnation incarnation = image.broker(id);
      if (incarnation != null) {
        at(incarnation).ifPresent(brokers::add);
      }
    }
    return brokers;
  }

  /** The broker's address on the listener, if it has one. */
  public Optional<Broker> at(Incarnation incarnation) {
    return incarnation.endpoints().stream()
        .filter(endpoint -> endpoint.listener().equals(listener))
        .findFirst()
        .map((Endpoint e) ->
            new Broker(incarnation.nodeId(), e.host(), e.port(), incarnation.rack()));
  }

  /** The node id under which the issuer of the log's commands is registered. */
  public static int ownNodeId(MetadataLog metadata) {
    Incarnation own = metadata.image().incarnations().get(metadata.writer());
    if (own == null) {
      throw new IllegalStateException("this broker is not registered");
    }
    return own.nodeId();
  }

  /** -1 if no broker lives. */
  public int controllerId() {
    return image.brokers().isEmpty() ? -1 : image.brokers().firstKey();
  }

  /** "" before the cluster has one. */
  public String clusterId() {
    return image.clusterId().map(Object::toString).orElse("");
  }

  /** Topics by name. */
  public List<Topic> topics() {
    List<Topic> topics = new ArrayList<>(image.topicIds().size());
    image
        .topicIds()
        .values()
        .forEach(id -> Optional.ofNullable(image.topic(id)).ifPresent(topics::add));
    return topics;
  }

  /** Node id of the leader; -1 while there is none. */
  public int leaderId(Partition partition) {
    return leaderId(image, partition);
  }

  /** Likewise, whatever the listener. */
  public static int leaderId(MetadataImage image, Partition partition) {
    return partition
        .leader()
        .flatMap(writer -> Optional.ofNullable(image.incarnations().get(writer)))
        .map(Incarnation::nodeId)
        .orElse(-1);
  }

  /** What is under way while a leader outside the replicas has not handed over yet. */
  public static Optional<Reassignment> reassignment(MetadataImage image, Partition partition) {
    int leader = leaderId(image, partition);
    return partition.targetLeader().isEmpty() || leader < 0 || partition.replicas().contains(leader)
        ? Optional.empty()
        : Optional.of(Reassignment.of(partition.replicasBefore(), partition.replicas(), leader));
  }

  /** The leader at its address on the listener, if there is one that has such an address. */
  public Optional<Broker> leader(Partition partition) {
    return partition
        .leader()
        .flatMap(writer -> Optional.ofNullable(image.incarnations().get(writer)))
        .flatMap(this::at);
  }

  /** What a client is told of a partition besides its leader. */
  public Errors error(Partition partition) {
    int leader = leaderId(partition);
    if (leader < 0) {
      return Errors.LEADER_NOT_AVAILABLE;
    }
    Incarnation incarnation = image.broker(leader);
    return incarnation == null || at(incarnation).isEmpty()
        ? Errors.LISTENER_NOT_FOUND
        : Errors.NONE;
  }

  /** The live replicas, and the leader. */
  public List<Integer> inSync(Partition partition) {
    List<Integer> live = new ArrayList<>(partition.replicas());
    live.removeIf(id -> !image.brokers().containsKey(id));
    int leader = leaderId(partition);
    if (leader >= 0 && !live.contains(leader)) {
      live.add(leader);
    }
    return live;
  }

  /** Replicas whose broker does not live. */
  public List<Integer> offline(Partition partition) {
    return partition.replicas().stream().filter(id -> !image.brokers().containsKey(id)).toList();
  }
}
