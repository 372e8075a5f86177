package io.millrace.broker;

import io.millrace.broker.api.ApiHandler;
import io.millrace.broker.cluster.AtTheTip;
import io.millrace.broker.cluster.ImageWaits;
import io.millrace.broker.cluster.LogDirectory;
import io.millrace.broker.cluster.NewTopics;
import io.millrace.broker.cluster.Policies;
import io.millrace.broker.config.BrokerConfig;
import io.millrace.broker.config.ConsumerGroupKeys;
import io.millrace.broker.config.RequestKeys;
import io.millrace.broker.config.ResourceConfigs;
import io.millrace.broker.fetch.FetchSessions;
import io.millrace.broker.handler.AlterClientQuotasHandler;
import io.millrace.broker.handler.AlterConfigsHandler;
import io.millrace.broker.handler.AlterPartitionReassignmentsHandler;
import io.millrace.broker.handler.AlterReplicaLogDirsHandler;
import io.millrace.broker.handler.ConfigAlterations;
import io.millrace.broker.handler.ConsumerGroupDescribeHandler;
import io.millrace.broker.handler.ConsumerGroupHeartbeatHandler;
import io.millrace.broker.handler.CreatePartitionsHandler;
import io.millrace.broker.handler.CreateTopicsHandler;
import io.millrace.broker.handler.DeleteGroupsHandler;
import io.millrace.broker.handler.DeleteRecordsHandler;
import io.millrace.broker.handler.DeleteTopicsHandler;
import io.millrace.broker.handler.DescribeClientQuotasHandler;
import io.millrace.broker.handler.DescribeClusterHandler;
import io.millrace.broker.handler.DescribeConfigsHandler;
import io.millrace.broker.handler.DescribeGroupsHandler;
import io.millrace.broker.handler.DescribeLogDirsHandler;
import io.millrace.broker.handler.DescribeProducersHandler;
import io.millrace.broker.handler.DescribeQuorumHandler;
import io.millrace.broker.handler.DescribeTopicPartitionsHandler;
import io.millrace.broker.handler.DescribeUserScramCredentialsHandler;
import io.millrace.broker.handler.ElectLeadersHandler;
import io.millrace.broker.handler.FetchHandler;
import io.millrace.broker.handler.FindCoordinatorHandler;
import io.millrace.broker.handler.HeartbeatHandler;
import io.millrace.broker.handler.IncrementalAlterConfigsHandler;
import io.millrace.broker.handler.JoinGroupHandler;
import io.millrace.broker.handler.LeaveGroupHandler;
import io.millrace.broker.handler.ListConfigResourcesHandler;
import io.millrace.broker.handler.ListGroupsHandler;
import io.millrace.broker.handler.ListOffsetsHandler;
import io.millrace.broker.handler.ListPartitionReassignmentsHandler;
import io.millrace.broker.handler.MetadataHandler;
import io.millrace.broker.handler.OffsetCommitHandler;
import io.millrace.broker.handler.OffsetDeleteHandler;
import io.millrace.broker.handler.OffsetFetchHandler;
import io.millrace.broker.handler.OffsetForLeaderEpochHandler;
import io.millrace.broker.handler.ProduceHandler;
import io.millrace.broker.handler.SyncGroupHandler;
import io.millrace.broker.handler.TxnOffsetCommitHandler;
import io.millrace.broker.handler.UnregisterBrokerHandler;
import io.millrace.broker.handler.UpdateFeaturesHandler;
import io.millrace.broker.produce.PartitionProduce;
import io.millrace.broker.produce.TransactionAdmission;
import io.millrace.broker.quota.ClientQuotas;
import io.millrace.coordinator.InternalTopics;
import io.millrace.coordinator.group.GroupCoordinator;
import io.millrace.runtime.Environment;
import io.millrace.storage.log.StorageEngine;
import io.millrace.storage.metadata.Feature;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataLog;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.function.Supplier;
import org.apache.kafka.common.requests.FindCoordinatorRequest.CoordinatorType;

/**
 * Every Kafka API the broker serves, with what each works on: the list behind ApiVersions and the
 * reference page.
 */
final class Handlers {
  private final Environment environment;
  private final BrokerConfig config;
  private final ResourceConfigs configs;
  private final Policies policies;
  private final StorageEngine storage;
  private final GroupCoordinator groups;
  private final Transactions transactions;
  private final ImageWaits waits;
  private final ClientQuotas quotas;
  private final LogDirectory logDirectory;
  private final Executor blocking;

  Handlers(
      Environment environment,
      BrokerConfig config,
      ResourceConfigs configs,
      Policies policies,
      StorageEngine storage,
      GroupCoordinator groups,
      Transactions transactions,
      ImageWaits waits,
      ClientQuotas quotas,
      LogDirectory logDirectory,
      Executor blocking) {
    this.environment = environment;
    this.config = config;
    this.configs = configs;
    this.policies = policies;
    this.storage = storage;
    this.groups = groups;
    this.transactions = transactions;
    this.waits = waits;
    this.quotas = quotas;
    this.logDirectory = logDirectory;
    this.blocking = blocking;
  }

  List<ApiHandler<?>> all() {
    List<ApiHandler<?>> all = new ArrayList<>();
    all.addAll(records());
    all.addAll(topics());
    CoordinatorTopics coordinatorTopics =
        new CoordinatorTopics(
            new InternalTopics(storage.metadata(), environment.randomness()), config);
    all.addAll(groups(coordinatorTopics));
    all.addAll(transactions.handlers(coordinatorTopics));
    return all;
  }

  private List<ApiHandler<?>> records() {
    Supplier<MetadataImage> image = storage.metadata()::image;
    FetchSessions sessions =
        new FetchSessions(
            config.get(RequestKeys.FETCH_SESSIONS_MAX),
            environment.clock(),
            environment.randomness());
    return List.of(
        new ProduceHandler(
            image,
            new PartitionProduce(storage, configs.topics(), environment.clock()),
            new TransactionAdmission(storage, transactions.verifier())),
        new FetchHandler(
            image,
            storage,
            sessions,
            environment.threads().eventLoop("fetch"),
            config.get(RequestKeys.FETCH_MAX_BYTES),
            quotas),
        new ListOffsetsHandler(image, storage),
        new OffsetForLeaderEpochHandler(image, storage),
        new DeleteRecordsHandler(storage.metadata(), storage, configs.topics()),
        new DescribeProducersHandler(storage.metadata(), storage, transactions.leaders()));
  }

  private List<ApiHandler<?>> topics() {
    MetadataLog metadata = storage.metadata();
    NewTopics newTopics =
        new NewTopics(metadata, config, configs.topics(), policies, environment.randomness());
    ConfigAlterations alterations = new ConfigAlterations(metadata, configs, policies);
    return List.of(
        new MetadataHandler(metadata, newTopics, config.get(RequestKeys.AUTO_CREATE_TOPICS)),
        new DescribeTopicPartitionsHandler(
            metadata, config.get(RequestKeys.REQUEST_PARTITIONS_MAX)),
        new DescribeClusterHandler(metadata),
        new AtTheTip<>(metadata, new UpdateFeaturesHandler(metadata)),
        new AtTheTip<>(metadata, new CreateTopicsHandler(newTopics, quotas)),
        new AtTheTip<>(
            metadata,
            new DeleteTopicsHandler(metadata, config.get(RequestKeys.DELETE_TOPIC_ENABLE), quotas)),
        new AtTheTip<>(
            metadata, new CreatePartitionsHandler(metadata, environment.randomness(), quotas)),
        new AtTheTip<>(metadata, new ElectLeadersHandler(metadata, waits)),
        new AtTheTip<>(metadata, new AlterPartitionReassignmentsHandler(metadata)),
        new ListPartitionReassignmentsHandler(metadata),
        new DescribeConfigsHandler(metadata::image, configs),
        new ListConfigResourcesHandler(metadata::image),
        new AtTheTip<>(metadata, new IncrementalAlterConfigsHandler(alterations)),
        new AtTheTip<>(metadata, new AlterConfigsHandler(alterations)),
        new AtTheTip<>(metadata, new UnregisterBrokerHandler(metadata)),
        new AtTheTip<>(
            metadata, new DescribeQuorumHandler(metadata, storage::heard, environment.clock())),
        new DescribeClientQuotasHandler(metadata::image),
        new AtTheTip<>(metadata, new AlterClientQuotasHandler(metadata)),
        new DescribeUserScramCredentialsHandler(),
        new AlterReplicaLogDirsHandler(metadata::image, logDirectory),
        new DescribeLogDirsHandler(metadata, storage, blocking, logDirectory));
  }

  private List<ApiHandler<?>> groups(CoordinatorTopics topics) {
    return List.of(
        new FindCoordinatorHandler(
            storage.metadata()::image,
            Map.of(
                CoordinatorType.GROUP,
                topics::groups,
                CoordinatorType.TRANSACTION,
                topics::transactions)),
        new JoinGroupHandler(groups),
        new SyncGroupHandler(groups),
        new HeartbeatHandler(groups),
        new LeaveGroupHandler(groups),
        new OffsetCommitHandler(groups),
        new OffsetFetchHandler(groups),
        new TxnOffsetCommitHandler(groups, transactions.verifier()),
        new OffsetDeleteHandler(groups),
        new DeleteGroupsHandler(groups),
        new ConsumerGroupHeartbeatHandler(groups, this::servesConsumerProtocol),
        new ConsumerGroupDescribeHandler(groups),
        new ListGroupsHandler(groups),
        new DescribeGroupsHandler(groups));
  }

  private boolean servesConsumerProtocol() {
    return config.get(ConsumerGroupKeys.REBALANCE_PROTOCOLS).contains("consumer")
        && storage.metadata().image().level(Feature.GROUP_VERSION) > 0;
  }
}
