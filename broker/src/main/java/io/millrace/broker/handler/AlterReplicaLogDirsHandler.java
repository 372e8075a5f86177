package io.millrace.broker.handler;

import io.millrace.broker.api.ApiHandler;
import io.millrace.broker.api.RequestContext;
import io.millrace.broker.cluster.LogDirectory;
import io.millrace.storage.metadata.MetadataImage;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.apache.kafka.common.message.AlterReplicaLogDirsRequestData;
import org.apache.kafka.common.message.AlterReplicaLogDirsRequestData.AlterReplicaLogDir;
import org.apache.kafka.common.message.AlterReplicaLogDirsRequestData.AlterReplicaLogDirTopic;
import org.apache.kafka.common.message.AlterReplicaLogDirsResponseData;
import org.apache.kafka.common.message.AlterReplicaLogDirsResponseData.AlterReplicaLogDirPartitionResult;
import org.apache.kafka.common.message.AlterReplicaLogDirsResponseData.AlterReplicaLogDirTopicResult;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.jspecify.annotations.Nullable;

/**
 * AlterReplicaLogDirs: there is one log directory, in which everything is already, so that a plan
 * made by Kafka's reassignment tool can be carried out.
 */
public final class AlterReplicaLogDirsHandler
    implements ApiHandler<AlterReplicaLogDirsRequestData> {
  private final Supplier<MetadataImage> image;
  private final LogDirectory directory;

  public AlterReplicaLogDirsHandler(Supplier<MetadataImage> image, LogDirectory directory) {
    this.image = image;
    this.directory = directory;
  }

  @Override
  public ApiKeys api() {
    return ApiKeys.ALTER_REPLICA_LOG_DIRS;
  }

  @Override
  public CompletableFuture<AlterReplicaLogDirsResponseData> handle(
      RequestContext context, AlterReplicaLogDirsRequestData request) {
    MetadataImage now = image.get();
    Map<String, List<AlterReplicaLogDirPartitionResult>> results = new LinkedHashMap<>();
    for (AlterReplicaLogDir target : request.dirs()) {
      for (AlterReplicaLogDirTopic topic : target.topics()) {
        for (int partition : topic.partitions()) {
          results
              .computeIfAbsent(topic.name(), _ -> new ArrayList<>())
              .add(
                  new AlterReplicaLogDirPartitionResult()
                      .setPartitionIndex(partition)
                      .setErrorCode(
                          error(now.topic(topic.name()), partition, target.path()).code()));
        }
      }
    }
    AlterReplicaLogDirsResponseData response = new AlterReplicaLogDirsResponseData();
    results.forEach((name, partitions) ->
        response
            .results()
            .add(new AlterReplicaLogDirTopicResult().setTopicName(name).setPartitions(partitions)));
    return CompletableFuture.completedFuture(response);
  }

  private Errors error(MetadataImage.@Nullable Topic topic, int partition, String path) {
    if (!path.equals(directory.name())) {
      return Errors.LOG_DIR_NOT_FOUND;
    }
    return topic == null || partition < 0 || partition >= topic.partitions().size()
        ? Errors.UNKNOWN_TOPIC_OR_PARTITION
        : Errors.NONE;
  }
}
