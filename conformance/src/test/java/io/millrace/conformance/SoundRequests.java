package io.millrace.conformance;

import java.util.List;
import java.util.Set;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.AddOffsetsToTxnRequestData;
import org.apache.kafka.common.message.AddPartitionsToTxnRequestData;
import org.apache.kafka.common.message.AddPartitionsToTxnRequestData.AddPartitionsToTxnTopic;
import org.apache.kafka.common.message.AddPartitionsToTxnRequestData.AddPartitionsToTxnTopicCollection;
import org.apache.kafka.common.message.AddPartitionsToTxnRequestData.AddPartitionsToTxnTransaction;
import org.apache.kafka.common.message.AlterClientQuotasRequestData;
import org.apache.kafka.common.message.AlterConfigsRequestData;
import org.apache.kafka.common.message.AlterPartitionReassignmentsRequestData;
import org.apache.kafka.common.message.AlterPartitionReassignmentsRequestData.ReassignablePartition;
import org.apache.kafka.common.message.AlterPartitionReassignmentsRequestData.ReassignableTopic;
import org.apache.kafka.common.message.AlterReplicaLogDirsRequestData;
import org.apache.kafka.common.message.ApiVersionsRequestData;
import org.apache.kafka.common.message.ConsumerGroupDescribeRequestData;
import org.apache.kafka.common.message.ConsumerGroupHeartbeatRequestData;
import org.apache.kafka.common.message.CreatePartitionsRequestData;
import org.apache.kafka.common.message.CreatePartitionsRequestData.CreatePartitionsTopic;
import org.apache.kafka.common.message.CreateTopicsRequestData;
import org.apache.kafka.common.message.CreateTopicsRequestData.CreatableTopic;
import org.apache.kafka.common.message.DeleteGroupsRequestData;
import org.apache.kafka.common.message.DeleteRecordsRequestData;
import org.apache.kafka.common.message.DeleteTopicsRequestData;
import org.apache.kafka.common.message.DeleteTopicsRequestData.DeleteTopicState;
import org.apache.kafka.common.message.DescribeClientQuotasRequestData;
import org.apache.kafka.common.message.DescribeClusterRequestData;
import org.apache.kafka.common.message.DescribeConfigsRequestData;
import org.apache.kafka.common.message.DescribeConfigsRequestData.DescribeConfigsResource;
import org.apache.kafka.common.message.DescribeGroupsRequestData;
import org.apache.kafka.common.message.DescribeLogDirsRequestData;
import org.apache.kafka.common.message.DescribeProducersRequestData;
import org.apache.kafka.common.message.DescribeQuorumRequestData;
import org.apache.kafka.common.message.DescribeTopicPartitionsRequestData;
import org.apache.kafka.common.message.DescribeTopicPartitionsRequestData.TopicRequest;
import org.apache.kafka.common.message.DescribeTransactionsRequestData;
import org.apache.kafka.common.message.DescribeUserScramCredentialsRequestData;
import org.apache.kafka.common.message.ElectLeadersRequestData;
import org.apache.kafka.common.message.EndTxnRequestData;
import org.apache.kafka.common.message.FetchRequestData;
import org.apache.kafka.common.message.FetchRequestData.FetchPartition;
import org.apache.kafka.common.message.FetchRequestData.FetchTopic;
import org.apache.kafka.common.message.FindCoordinatorRequestData;
import org.apache.kafka.common.message.HeartbeatRequestData;
import org.apache.kafka.common.message.IncrementalAlterConfigsRequestData;
import org.apache.kafka.common.message.IncrementalAlterConfigsRequestData.AlterConfigsResource;
import org.apache.kafka.common.message.IncrementalAlterConfigsRequestData.AlterableConfig;
import org.apache.kafka.common.message.InitProducerIdRequestData;
import org.apache.kafka.common.message.JoinGroupRequestData;
import org.apache.kafka.common.message.JoinGroupRequestData.JoinGroupRequestProtocol;
import org.apache.kafka.common.message.LeaveGroupRequestData;
import org.apache.kafka.common.message.LeaveGroupRequestData.MemberIdentity;
import org.apache.kafka.common.message.ListConfigResourcesRequestData;
import org.apache.kafka.common.message.ListGroupsRequestData;
import org.apache.kafka.common.message.ListOffsetsRequestData;
import org.apache.kafka.common.message.ListOffsetsRequestData.ListOffsetsPartition;
import org.apache.kafka.common.message.ListOffsetsRequestData.ListOffsetsTopic;
import org.apache.kafka.common.message.ListPartitionReassignmentsRequestData;
import org.apache.kafka.common.message.ListTransactionsRequestData;
import org.apache.kafka.common.message.MetadataRequestData;
import org.apache.kafka.common.message.MetadataRequestData.MetadataRequestTopic;
import org.apache.kafka.common.message.OffsetCommitRequestData;
import org.apache.kafka.common.message.OffsetCommitRequestData.OffsetCommitRequestPartition;
import org.apache.kafka.common.message.OffsetCommitRequestData.OffsetCommitRequestTopic;
import org.apache.kafka.common.message.OffsetDeleteRequestData;
import org.apache.kafka.common.message.OffsetDeleteRequestData.OffsetDeleteRequestPartition;
import org.apache.kafka.common.message.OffsetDeleteRequestData.OffsetDeleteRequestTopic;
import org.apache.kafka.common.message.OffsetFetchRequestData;
import org.apache.kafka.common.message.OffsetFetchRequestData.OffsetFetchRequestGroup;
import org.apache.kafka.common.message.OffsetFetchRequestData.OffsetFetchRequestTopic;
import org.apache.kafka.common.message.OffsetFetchRequestData.OffsetFetchRequestTopics;
import org.apache.kafka.common.message.OffsetForLeaderEpochRequestData;
import org.apache.kafka.common.message.OffsetForLeaderEpochRequestData.OffsetForLeaderPartition;
import org.apache.kafka.common.message.OffsetForLeaderEpochRequestData.OffsetForLeaderTopic;
import org.apache.kafka.common.message.ProduceRequestData;
import org.apache.kafka.common.message.ProduceRequestData.PartitionProduceData;
import org.apache.kafka.common.message.ProduceRequestData.TopicProduceData;
import org.apache.kafka.common.message.SyncGroupRequestData;
import org.apache.kafka.common.message.SyncGroupRequestData.SyncGroupRequestAssignment;
import org.apache.kafka.common.message.TxnOffsetCommitRequestData;
import org.apache.kafka.common.message.TxnOffsetCommitRequestData.TxnOffsetCommitRequestPartition;
import org.apache.kafka.common.message.TxnOffsetCommitRequestData.TxnOffsetCommitRequestTopic;
import org.apache.kafka.common.message.UnregisterBrokerRequestData;
import org.apache.kafka.common.message.UpdateFeaturesRequestData;
import org.apache.kafka.common.message.WriteTxnMarkersRequestData;
import org.apache.kafka.common.message.WriteTxnMarkersRequestData.WritableTxnMarker;
import org.apache.kafka.common.message.WriteTxnMarkersRequestData.WritableTxnMarkerTopic;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.requests.FindCoordinatorRequest.CoordinatorType;

/**
 * A request that a client of each version may send and that has to succeed, with as many options as
 * that version knows.
 */
final class SoundRequests {
  private static final byte TOPIC = 2;
  private static final int TIMEOUT_MS = 10_000;
  private static final String CONSUMERS = "consumers";

  private final String topic;
  private final Uuid topicId;

  SoundRequests(String topic, Uuid topicId) {
    this.topic = topic;
    this.topicId = topicId;
  }

  /** A producer that has begun. */
  record Transactional(String id, long producerId, short epoch) {}

  /** A generation of a group's member. */
  record Member(String group, String id, int generation) {}

  /** What the requests are answered with. */
  Set<Errors> expected(ApiKeys api) {
    // a broker alone in its folder knows no other that could be unregistered
    return Set.of(api == ApiKeys.UNREGISTER_BROKER ? Errors.BROKER_ID_NOT_REGISTERED : Errors.NONE);
  }

  ApiMessage of(ApiKeys api, int version) {
    Member nobody = new Member("g", "", -1);
    return switch (api) {
      case ALTER_CLIENT_QUOTAS -> new AlterClientQuotasRequestData();
      case ALTER_CONFIGS -> new AlterConfigsRequestData();
      case ALTER_PARTITION_REASSIGNMENTS -> reassign();
      case ALTER_REPLICA_LOG_DIRS -> new AlterReplicaLogDirsRequestData();
      case API_VERSIONS ->
          new ApiVersionsRequestData().setClientSoftwareName("raw").setClientSoftwareVersion("1");
      case CONSUMER_GROUP_DESCRIBE ->
          new ConsumerGroupDescribeRequestData().setGroupIds(List.of(CONSUMERS));
      case CONSUMER_GROUP_HEARTBEAT -> joinConsumers(version);
      case CREATE_PARTITIONS -> createPartitions(version);
      case CREATE_TOPICS -> createTopics("created-by-version-" + version);
      case DELETE_GROUPS -> new DeleteGroupsRequestData().setGroupsNames(List.of());
      case DELETE_RECORDS -> deleteRecords();
      case DELETE_TOPICS -> deleteTopics("created-by-version-" + (version + 1), version);
      case DESCRIBE_CLIENT_QUOTAS -> new DescribeClientQuotasRequestData();
      case DESCRIBE_CLUSTER ->
          new DescribeClusterRequestData()
              .setIncludeClusterAuthorizedOperations(true)
              .setIncludeFencedBrokers(version >= 2);
      case DESCRIBE_CONFIGS -> describeConfigs(version);
      case DESCRIBE_GROUPS ->
          new DescribeGroupsRequestData()
              .setGroups(List.of("g"))
              .setIncludeAuthorizedOperations(version >= 3);
      case DESCRIBE_LOG_DIRS -> new DescribeLogDirsRequestData().setTopics(null);
      case DESCRIBE_QUORUM -> describeQuorum();
      case DESCRIBE_PRODUCERS ->
          new DescribeProducersRequestData()
              .setTopics(
                  List.of(
                      new DescribeProducersRequestData.TopicRequest()
                          .setName(topic)
                          .setPartitionIndexes(List.of(0))));
      case DESCRIBE_TRANSACTIONS -> new DescribeTransactionsRequestData();
      case LIST_TRANSACTIONS -> listTransactions(version);
      case DESCRIBE_TOPIC_PARTITIONS ->
          new DescribeTopicPartitionsRequestData()
              .setTopics(List.of(new TopicRequest().setName(topic)));
      case DESCRIBE_USER_SCRAM_CREDENTIALS ->
          new DescribeUserScramCredentialsRequestData().setUsers(null);
      case ELECT_LEADERS ->
          new ElectLeadersRequestData().setTopicPartitions(null).setTimeoutMs(TIMEOUT_MS);
      case FETCH -> fetch(version);
      case FIND_COORDINATOR -> findCoordinator(version);
      case INCREMENTAL_ALTER_CONFIGS -> alterConfigs();
      case INIT_PRODUCER_ID ->
          new InitProducerIdRequestData()
              .setTransactionalId(null)
              .setTransactionTimeoutMs(TIMEOUT_MS);
      case LIST_CONFIG_RESOURCES -> new ListConfigResourcesRequestData();
      case LIST_GROUPS -> new ListGroupsRequestData();
      case LIST_OFFSETS -> listOffsets(version);
      case LIST_PARTITION_REASSIGNMENTS ->
          new ListPartitionReassignmentsRequestData().setTopics(null);
      case METADATA -> metadata(version);
      case OFFSET_COMMIT -> offsetCommit(nobody, version);
      case OFFSET_DELETE -> offsetDelete(nobody);
      case OFFSET_FETCH -> offsetFetch(nobody, version);
      case OFFSET_FOR_LEADER_EPOCH -> leaderEpoch();
      case PRODUCE -> produce(version);
      case UNREGISTER_BROKER -> new UnregisterBrokerRequestData().setBrokerId(-1);
      case WRITE_TXN_MARKERS -> markers();
      case UPDATE_FEATURES -> new UpdateFeaturesRequestData().setTimeoutMs(TIMEOUT_MS);
      default -> throw new AssertionError("no request for " + api + " here yet");
    };
  }

  private ApiMessage deleteRecords() {
    DeleteRecordsRequestData request = new DeleteRecordsRequestData().setTimeoutMs(TIMEOUT_MS);
    request
        .topics()
        .add(
            new DeleteRecordsRequestData.DeleteRecordsTopic()
                .setName(topic)
                .setPartitions(
                    List.of(
                        new DeleteRecordsRequestData.DeleteRecordsPartition()
                            .setPartitionIndex(0)
                            .setOffset(0))));
    return request;
  }

  private static ApiMessage describeQuorum() {
    DescribeQuorumRequestData request = new DescribeQuorumRequestData();
    request
        .topics()
        .add(
            new DescribeQuorumRequestData.TopicData()
                .setTopicName("__cluster_metadata")
                .setPartitions(List.of(new DescribeQuorumRequestData.PartitionData())));
    return request;
  }

  private static ApiMessage listTransactions(int version) {
    ListTransactionsRequestData request = new ListTransactionsRequestData();
    if (version >= 1) {
      request.setDurationFilter(0);
    }
    return version >= 2 ? request.setTransactionalIdPattern("t.*") : request;
  }

  static ApiMessage initTransactional(String id) {
    return new InitProducerIdRequestData()
        .setTransactionalId(id)
        .setTransactionTimeoutMs(TIMEOUT_MS);
  }

  ApiMessage addPartitions(Transactional producer, int version) {
    AddPartitionsToTxnTopicCollection topics = new AddPartitionsToTxnTopicCollection();
    topics.add(new AddPartitionsToTxnTopic().setName(topic).setPartitions(List.of(0)));
    AddPartitionsToTxnRequestData request = new AddPartitionsToTxnRequestData();
    if (version < 4) {
      return request
          .setV3AndBelowTransactionalId(producer.id())
          .setV3AndBelowProducerId(producer.producerId())
          .setV3AndBelowProducerEpoch(producer.epoch())
          .setV3AndBelowTopics(topics);
    }
    request
        .transactions()
        .add(
            new AddPartitionsToTxnTransaction()
                .setTransactionalId(producer.id())
                .setProducerId(producer.producerId())
                .setProducerEpoch(producer.epoch())
                .setTopics(topics));
    return request;
  }

  static ApiMessage addOffsets(Transactional producer) {
    return new AddOffsetsToTxnRequestData()
        .setTransactionalId(producer.id())
        .setProducerId(producer.producerId())
        .setProducerEpoch(producer.epoch())
        .setGroupId("g");
  }

  ApiMessage txnOffsetCommit(Transactional producer, int version) {
    TxnOffsetCommitRequestData request =
        new TxnOffsetCommitRequestData()
            .setTransactionalId(producer.id())
            .setProducerId(producer.producerId())
            .setProducerEpoch(producer.epoch())
            .setGroupId("g")
            .setTopics(
                List.of(
                    new TxnOffsetCommitRequestTopic()
                        .setName(topic)
                        .setPartitions(
                            List.of(new TxnOffsetCommitRequestPartition().setCommittedOffset(1)))));
    return version < 3 ? request : request.setMemberId("").setGenerationId(-1);
  }

  static ApiMessage endTransaction(Transactional producer) {
    return new EndTxnRequestData()
        .setTransactionalId(producer.id())
        .setProducerId(producer.producerId())
        .setProducerEpoch(producer.epoch())
        .setCommitted(true);
  }

  static ApiMessage findTransactionCoordinator(String id) {
    return new FindCoordinatorRequestData()
        .setKeyType(CoordinatorType.TRANSACTION.id())
        .setCoordinatorKeys(List.of(id));
  }

  /** Of a producer that has nothing open. */
  private ApiMessage markers() {
    return new WriteTxnMarkersRequestData()
        .setMarkers(
            List.of(
                new WritableTxnMarker()
                    .setProducerId(1_000_000)
                    .setTopics(
                        List.of(
                            new WritableTxnMarkerTopic()
                                .setName(topic)
                                .setPartitionIndexes(List.of(0))))));
  }

  private ApiMessage createPartitions(int version) {
    CreatePartitionsRequestData request =
        new CreatePartitionsRequestData().setTimeoutMs(TIMEOUT_MS);
    request
        .topics()
        .add(new CreatePartitionsTopic().setName(topic).setCount(version + 2).setAssignments(null));
    return request;
  }

  /** To where it is already. */
  private ApiMessage reassign() {
    ReassignablePartition partition =
        new ReassignablePartition().setPartitionIndex(0).setReplicas(List.of(1));
    return new AlterPartitionReassignmentsRequestData()
        .setTopics(
            List.of(new ReassignableTopic().setName(topic).setPartitions(List.of(partition))))
        .setTimeoutMs(TIMEOUT_MS);
  }

  private static ApiMessage createTopics(String name) {
    CreateTopicsRequestData request = new CreateTopicsRequestData().setTimeoutMs(TIMEOUT_MS);
    request
        .topics()
        .add(
            new CreatableTopic().setName(name).setNumPartitions(2).setReplicationFactor((short) 1));
    return request;
  }

  private static ApiMessage deleteTopics(String name, int version) {
    DeleteTopicsRequestData request = new DeleteTopicsRequestData().setTimeoutMs(TIMEOUT_MS);
    return version < 6
        ? request.setTopicNames(List.of(name))
        : request.setTopics(List.of(new DeleteTopicState().setName(name)));
  }

  private ApiMessage describeConfigs(int version) {
    DescribeConfigsResource resource =
        new DescribeConfigsResource()
            .setResourceType(TOPIC)
            .setResourceName(topic)
            .setConfigurationKeys(null);
    return new DescribeConfigsRequestData()
        .setResources(List.of(resource))
        .setIncludeSynonyms(version >= 1)
        .setIncludeDocumentation(version >= 3);
  }

  private ApiMessage fetch(int version) {
    FetchTopic wanted =
        new FetchTopic()
            .setPartitions(
                List.of(
                    new FetchPartition()
                        .setPartition(0)
                        .setPartitionMaxBytes(1 << 20)
                        .setCurrentLeaderEpoch(-1)));
    return new FetchRequestData()
        .setMinBytes(1)
        .setMaxBytes(1 << 20)
        .setIsolationLevel((byte) 1)
        .setSessionEpoch(version >= 7 ? 0 : -1)
        .setTopics(List.of(version >= 13 ? wanted.setTopicId(topicId) : wanted.setTopic(topic)));
  }

  private static ApiMessage findCoordinator(int version) {
    FindCoordinatorRequestData request = new FindCoordinatorRequestData();
    return version < 4 ? request.setKey("g") : request.setCoordinatorKeys(List.of("g"));
  }

  private ApiMessage alterConfigs() {
    AlterConfigsResource resource =
        new AlterConfigsResource().setResourceType(TOPIC).setResourceName(topic);
    resource.configs().add(new AlterableConfig().setName("retention.ms").setValue("1000000"));
    IncrementalAlterConfigsRequestData request = new IncrementalAlterConfigsRequestData();
    request.resources().add(resource);
    return request;
  }

  private ApiMessage listOffsets(int version) {
    ListOffsetsPartition earliest =
        new ListOffsetsPartition().setPartitionIndex(0).setTimestamp(-2);
    return new ListOffsetsRequestData()
        .setReplicaId(-1)
        .setIsolationLevel((byte) (version >= 2 ? 1 : 0))
        .setTopics(List.of(new ListOffsetsTopic().setName(topic).setPartitions(List.of(earliest))));
  }

  private ApiMessage metadata(int version) {
    return new MetadataRequestData()
        .setTopics(List.of(new MetadataRequestTopic().setName(topic)))
        .setAllowAutoTopicCreation(true)
        .setIncludeClusterAuthorizedOperations(version >= 8 && version <= 10)
        .setIncludeTopicAuthorizedOperations(version >= 8);
  }

  private ApiMessage leaderEpoch() {
    OffsetForLeaderEpochRequestData request =
        new OffsetForLeaderEpochRequestData().setReplicaId(-1);
    request
        .topics()
        .add(
            new OffsetForLeaderTopic()
                .setTopic(topic)
                .setPartitions(List.of(new OffsetForLeaderPartition().setLeaderEpoch(0))));
    return request;
  }

  private ApiMessage produce(int version) {
    TopicProduceData data = new TopicProduceData();
    data.partitionData()
        .add(new PartitionProduceData().setRecords(MemoryRecords.readableRecords(RawBatch.of(2))));
    ProduceRequestData request =
        new ProduceRequestData().setAcks((short) -1).setTimeoutMs(TIMEOUT_MS);
    request.topicData().add(version >= 13 ? data.setTopicId(topicId) : data.setName(topic));
    return request;
  }

  private ApiMessage joinConsumers(int version) {
    return new ConsumerGroupHeartbeatRequestData()
        .setGroupId(CONSUMERS)
        .setMemberId(version == 0 ? "" : "member-of-version-" + version)
        .setMemberEpoch(0)
        .setInstanceId("instance-of-version-" + version)
        .setRackId("rack")
        .setRebalanceTimeoutMs(TIMEOUT_MS)
        .setSubscribedTopicNames(List.of(topic))
        .setSubscribedTopicRegex(version == 0 ? null : "no-such-.*")
        .setServerAssignor("range")
        .setTopicPartitions(List.of());
  }

  private ApiMessage offsetDelete(Member member) {
    OffsetDeleteRequestData request = new OffsetDeleteRequestData().setGroupId(member.group());
    request
        .topics()
        .add(
            new OffsetDeleteRequestTopic()
                .setName(topic)
                .setPartitions(List.of(new OffsetDeleteRequestPartition())));
    return request;
  }

  static ApiMessage join(Member member, int version) {
    JoinGroupRequestData request =
        new JoinGroupRequestData()
            .setGroupId(member.group())
            .setMemberId(member.id())
            .setProtocolType("consumer")
            .setSessionTimeoutMs(30_000)
            .setRebalanceTimeoutMs(version >= 1 ? 30_000 : -1);
    request
        .protocols()
        .add(new JoinGroupRequestProtocol().setName("range").setMetadata(new byte[] {1, 2}));
    return request;
  }

  static ApiMessage sync(Member member) {
    return new SyncGroupRequestData()
        .setGroupId(member.group())
        .setMemberId(member.id())
        .setGenerationId(member.generation())
        .setProtocolType("consumer")
        .setProtocolName("range")
        .setAssignments(
            List.of(
                new SyncGroupRequestAssignment()
                    .setMemberId(member.id())
                    .setAssignment(new byte[] {3})));
  }

  static ApiMessage heartbeat(Member member) {
    return new HeartbeatRequestData()
        .setGroupId(member.group())
        .setMemberId(member.id())
        .setGenerationId(member.generation());
  }

  static ApiMessage leave(Member member, int version) {
    LeaveGroupRequestData request = new LeaveGroupRequestData().setGroupId(member.group());
    return version < 3
        ? request.setMemberId(member.id())
        : request.setMembers(List.of(new MemberIdentity().setMemberId(member.id())));
  }

  ApiMessage offsetCommit(Member member, int version) {
    OffsetCommitRequestTopic committed =
        new OffsetCommitRequestTopic()
            .setPartitions(
                List.of(
                    new OffsetCommitRequestPartition()
                        .setCommittedOffset(1)
                        .setCommittedMetadata("note")));
    return new OffsetCommitRequestData()
        .setGroupId(member.group())
        .setMemberId(member.id())
        .setGenerationIdOrMemberEpoch(member.generation())
        .setTopics(
            List.of(version >= 10 ? committed.setTopicId(topicId) : committed.setName(topic)));
  }

  ApiMessage offsetFetch(Member member, int version) {
    OffsetFetchRequestData request = new OffsetFetchRequestData().setRequireStable(version >= 7);
    if (version < 8) {
      return request
          .setGroupId(member.group())
          .setTopics(
              List.of(
                  new OffsetFetchRequestTopic().setName(topic).setPartitionIndexes(List.of(0))));
    }
    OffsetFetchRequestTopics wanted =
        new OffsetFetchRequestTopics().setPartitionIndexes(List.of(0));
    return request.setGroups(
        List.of(
            new OffsetFetchRequestGroup()
                .setGroupId(member.group())
                .setTopics(
                    List.of(version >= 10 ? wanted.setTopicId(topicId) : wanted.setName(topic)))));
  }
}
