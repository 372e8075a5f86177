package io.millrace.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.conformance.SoundRequests.Member;
import io.millrace.conformance.SoundRequests.Transactional;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.apache.kafka.common.message.ApiVersionsRequestData;
import org.apache.kafka.common.message.ApiVersionsResponseData;
import org.apache.kafka.common.message.ApiVersionsResponseData.ApiVersion;
import org.apache.kafka.common.message.InitProducerIdResponseData;
import org.apache.kafka.common.message.JoinGroupResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.Errors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Clients of every age: what is advertised is answered, in a form that version can carry. */
class ApiVersionsIT {
  /** They take a member, as {@link #aMemberLivesInEveryVersion} has one. */
  private static final Set<ApiKeys> OF_MEMBERS =
      Set.of(ApiKeys.JOIN_GROUP, ApiKeys.SYNC_GROUP, ApiKeys.HEARTBEAT, ApiKeys.LEAVE_GROUP);

  /** They take a producer, as {@link #aTransactionLivesInEveryVersion} has one. */
  private static final Set<ApiKeys> OF_PRODUCERS =
      Set.of(
          ApiKeys.ADD_PARTITIONS_TO_TXN,
          ApiKeys.ADD_OFFSETS_TO_TXN,
          ApiKeys.TXN_OFFSET_COMMIT,
          ApiKeys.END_TXN);

  /**
   * Versions below 3 carry older formats of records; they are advertised because librdkafka looks
   * for them, and refused.
   */
  private static final int PRODUCE_SINCE = 3;

  @TempDir private Path folder;

  @Test
  void everyAdvertisedVersionSucceeds() throws Exception {
    try (BrokerProcess broker = start();
        RawConnection connection = RawConnection.open(broker.address())) {
      RawTopic topic = RawTopic.create(connection, "t", Map.of());
      SoundRequests requests = new SoundRequests(topic.name(), topic.id());
      assertThat(
              connection
                  .response(ApiKeys.PRODUCE, 9, requests.of(ApiKeys.PRODUCE, 9))
                  .errorCounts())
          .containsOnlyKeys(Errors.NONE);
      awaitCoordinator(connection, requests);
      Map<String, Map<Errors, Integer>> bad = new TreeMap<>();
      for (ApiVersion served : advertised(connection)) {
        ApiKeys api = ApiKeys.forId(served.apiKey());
        if (OF_MEMBERS.contains(api) || OF_PRODUCERS.contains(api)) {
          continue;
        }
        int first = api == ApiKeys.PRODUCE ? PRODUCE_SINCE : served.minVersion();
        for (int version = first; version <= served.maxVersion(); version++) {
          ApiMessage request = requests.of(api, version);
          Map<Errors, Integer> errors = connection.response(api, version, request).errorCounts();
          if (!requests.expected(api).containsAll(errors.keySet())) {
            bad.put(api + " " + version, errors);
          }
        }
      }
      assertThat(bad).isEmpty();
    }
  }

  @Test
  void aMemberLivesInEveryVersion() throws Exception {
    try (BrokerProcess broker = start();
        RawConnection connection = RawConnection.open(broker.address())) {
      RawTopic topic = RawTopic.create(connection, "t", Map.of());
      SoundRequests requests = new SoundRequests(topic.name(), topic.id());
      awaitCoordinator(connection, requests);
      for (int version = 0; version <= ApiKeys.JOIN_GROUP.latestVersion(); version++) {
        Member member = join(connection, version);
        assertSucceeds(connection, ApiKeys.SYNC_GROUP, version, SoundRequests.sync(member));
        assertSucceeds(connection, ApiKeys.HEARTBEAT, version, SoundRequests.heartbeat(member));
        int commit = within(ApiKeys.OFFSET_COMMIT, version);
        assertSucceeds(
            connection, ApiKeys.OFFSET_COMMIT, commit, requests.offsetCommit(member, commit));
        int fetch = within(ApiKeys.OFFSET_FETCH, version);
        assertSucceeds(
            connection, ApiKeys.OFFSET_FETCH, fetch, requests.offsetFetch(member, fetch));
        int leave = within(ApiKeys.LEAVE_GROUP, version);
        assertSucceeds(connection, ApiKeys.LEAVE_GROUP, leave, SoundRequests.leave(member, leave));
      }
    }
  }

  @Test
  void aTransactionLivesInEveryVersion() throws Exception {
    try (BrokerProcess broker = start();
        RawConnection connection = RawConnection.open(broker.address())) {
      RawTopic topic = RawTopic.create(connection, "t", Map.of());
      SoundRequests requests = new SoundRequests(topic.name(), topic.id());
      awaitCoordinator(connection, requests);
      for (int version = 0; version <= ApiKeys.END_TXN.latestVersion(false); version++) {
        Transactional producer = init(connection, version);
        int add = within(ApiKeys.ADD_PARTITIONS_TO_TXN, version);
        assertSucceeds(
            connection, ApiKeys.ADD_PARTITIONS_TO_TXN, add, requests.addPartitions(producer, add));
        assertSucceeds(
            connection, ApiKeys.ADD_OFFSETS_TO_TXN, version, SoundRequests.addOffsets(producer));
        int commit = within(ApiKeys.TXN_OFFSET_COMMIT, version);
        assertSucceeds(
            connection,
            ApiKeys.TXN_OFFSET_COMMIT,
            commit,
            requests.txnOffsetCommit(producer, commit));
        assertSucceeds(
            connection, ApiKeys.END_TXN, version, SoundRequests.endTransaction(producer));
      }
    }
  }

  /** Its topic is made when somebody first asks for it. */
  private static Transactional init(RawConnection connection, int version) throws IOException {
    String id = "transactions-of-version-" + version;
    InitProducerIdResponseData answer;
    do {
      connection.response(
          ApiKeys.FIND_COORDINATOR, 4, SoundRequests.findTransactionCoordinator(id));
      answer =
          connection.ask(
              ApiKeys.INIT_PRODUCER_ID,
              within(ApiKeys.INIT_PRODUCER_ID, version),
              SoundRequests.initTransactional(id),
              InitProducerIdResponseData::new);
    } while (answer.errorCode() == Errors.NOT_COORDINATOR.code());
    assertThat(Errors.forCode(answer.errorCode())).isEqualTo(Errors.NONE);
    return new Transactional(id, answer.producerId(), answer.producerEpoch());
  }

  private BrokerProcess start() throws IOException {
    return BrokerProcess.start(folder, "group.initial.rebalance.delay.ms=0");
  }

  private static Iterable<ApiVersion> advertised(RawConnection connection) throws IOException {
    return connection
        .ask(ApiKeys.API_VERSIONS, 0, new ApiVersionsRequestData(), ApiVersionsResponseData::new)
        .apiKeys();
  }

  /** Its topic is made when somebody first asks for it. */
  private static void awaitCoordinator(RawConnection connection, SoundRequests requests)
      throws IOException {
    Set<Errors> errors;
    do {
      connection.response(ApiKeys.FIND_COORDINATOR, 4, requests.of(ApiKeys.FIND_COORDINATOR, 4));
      ApiMessage commit = requests.offsetCommit(new Member("g", "", -1), 9);
      errors = connection.response(ApiKeys.OFFSET_COMMIT, 9, commit).errorCounts().keySet();
    } while (!errors.equals(Set.of(Errors.NONE)));
  }

  private static Member join(RawConnection connection, int version) throws IOException {
    Member nobody = new Member("group-of-version-" + version, "", -1);
    JoinGroupResponseData answer = join(connection, nobody, version);
    while (answer.errorCode() == Errors.MEMBER_ID_REQUIRED.code()
        || answer.errorCode() == Errors.COORDINATOR_LOAD_IN_PROGRESS.code()) {
      answer = join(connection, new Member(nobody.group(), answer.memberId(), -1), version);
    }
    assertThat(Errors.forCode(answer.errorCode()))
        .as("join, version %d", version)
        .isEqualTo(Errors.NONE);
    return new Member(nobody.group(), answer.memberId(), answer.generationId());
  }

  private static JoinGroupResponseData join(RawConnection connection, Member member, int version)
      throws IOException {
    return connection.ask(
        ApiKeys.JOIN_GROUP,
        version,
        SoundRequests.join(member, version),
        JoinGroupResponseData::new);
  }

  private static void assertSucceeds(
      RawConnection connection, ApiKeys api, int version, ApiMessage request) throws IOException {
    int asked = within(api, version);
    assertThat(connection.response(api, asked, request).errorCounts())
        .as("%s %d", api, asked)
        .containsOnlyKeys(Errors.NONE);
  }

  private static int within(ApiKeys api, int version) {
    return Math.clamp(version, api.oldestVersion(), api.latestVersion(false));
  }
}
