package io.millrace.coordinator;

import io.millrace.runtime.Randomness;
import io.millrace.storage.RandomUuid;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataLog;
import io.millrace.storage.metadata.MetadataRecord;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.errors.CoordinatorNotAvailableException;

/** Creates a coordinator's topic when it is first needed. */
public final class InternalTopics {
  private final MetadataLog metadata;
  private final Randomness randomness;

  public InternalTopics(MetadataLog metadata, Randomness randomness) {
    this.metadata = metadata;
    this.randomness = randomness;
  }

  /**
   * The topic, made with these settings if it is absent; replicas are the live brokers, rotated per
   * partition.
   */
  public CompletableFuture<MetadataImage.Topic> ensure(
      String name, int partitions, int replicationMax, Map<String, String> configs) {
    MetadataImage.Topic present = metadata.image().topic(name);
    if (present != null) {
      return CompletableFuture.completedFuture(present);
    }
    List<Integer> brokers = List.copyOf(new TreeSet<>(metadata.image().brokers().keySet()));
    if (brokers.isEmpty()) {
      return CompletableFuture.failedFuture(
          new CoordinatorNotAvailableException("No broker is registered."));
    }
    List<List<Integer>> replicas = new ArrayList<>();
    for (int p = 0; p < partitions; p++) {
      List<Integer> rotated = new ArrayList<>(brokers);
      Collections.rotate(rotated, -(p % brokers.size()));
      replicas.add(List.copyOf(rotated.subList(0, Math.min(replicationMax, rotated.size()))));
    }
    Uuid id = RandomUuid.next(randomness);
    return metadata
        .submit(new MetadataRecord.TopicCreated(id, name, replicas, configs))
        .thenApply(outcome -> {
          // voided means that another request was first: its topic serves
          MetadataImage.Topic created = metadata.image().topic(name);
          if (created == null) {
            throw new CoordinatorNotAvailableException("Topic " + name + " is not there yet.");
          }
          return created;
        });
  }
}
