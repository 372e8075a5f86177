package io.millrace.broker.quota;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.runtime.simulated.SimulatedClock;
import io.millrace.runtime.simulated.SimulatedScheduler;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.QuotaEntity;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.pcollections.PSortedMap;
import org.pcollections.TreePMap;

class ClientQuotasTest {
  private static final String ALICE = "User:alice";
  private static final String BOB = "User:bob";

  private final SimulatedScheduler scheduler = new SimulatedScheduler(1);
  private final Map<QuotaEntity, PSortedMap<String, Double>> stored = new TreeMap<>();
  private MetadataImage image = MetadataImage.EMPTY;
  private final ClientQuotas quotas =
      new ClientQuotas(
          () -> image,
          new SimulatedClock(scheduler),
          new QuotaSettings(11, 1_000_000_000L, 11, 1_000_000_000L));

  @Test
  void withoutAQuotaNobodyWaits() {
    assertThat(quotas.none()).isTrue();
    assertThat(produced(ALICE, "c", 1e12)).isZero();
  }

  @Test
  void tenSecondsWorthIsLetThroughAndWhatIsMoreHasToBeWaitedFor() {
    given("user=alice", QuotaType.PRODUCE, 1000);

    assertThat(produced(ALICE, "c", 10_000)).isZero();
    // 20,000 bytes over 10 s are twice the rate: as long again
    assertThat(produced(ALICE, "c", 10_000)).isEqualTo(10_000);

    pass(10_500);
    assertThat(produced(ALICE, "c", 0))
        .as("nothing of it counts after eleven samples")
        .isPositive();
    pass(1000);
    assertThat(produced(ALICE, "c", 0)).isZero();
    assertThat(produced(BOB, "c", 1e9)).as("another user").isZero();
  }

  @Test
  void whatIsRefusedIsNotCounted() {
    given("user=alice", QuotaType.FETCH, 1000);

    assertThat(fetched(ALICE, 50_000)).isPositive();
    assertThat(fetched(ALICE, 9_000)).isZero();
  }

  @Test
  void userAndClientTogetherGoBeforeTheUserAndThatBeforeTheClient() {
    given("client-id=", QuotaType.PRODUCE, 1);
    assertThat(allowed(ALICE, "c")).isEqualTo(1);
    given("client-id=c", QuotaType.PRODUCE, 2);
    assertThat(allowed(ALICE, "c")).isEqualTo(2);
    given("user=", QuotaType.PRODUCE, 3);
    assertThat(allowed(ALICE, "c")).isEqualTo(3);
    given("user=,client-id=", QuotaType.PRODUCE, 4);
    assertThat(allowed(ALICE, "c")).isEqualTo(4);
    given("user=,client-id=c", QuotaType.PRODUCE, 5);
    assertThat(allowed(ALICE, "c")).isEqualTo(5);
    given("user=alice", QuotaType.PRODUCE, 6);
    assertThat(allowed(ALICE, "c")).isEqualTo(6);
    given("user=alice,client-id=", QuotaType.PRODUCE, 7);
    assertThat(allowed(ALICE, "c")).isEqualTo(7);
    given("user=alice,client-id=c", QuotaType.PRODUCE, 8);
    assertThat(allowed(ALICE, "c")).isEqualTo(8);
    assertThat(allowed(ALICE, "d")).isEqualTo(7);
    assertThat(allowed(BOB, "c")).isEqualTo(5);
    assertThat(allowed(BOB, "d")).isEqualTo(4);
  }

  @Test
  void clientsOfOneUserShareWhatTheUserHas() {
    given("user=alice", QuotaType.PRODUCE, 1000);

    assertThat(produced(ALICE, "c", 10_000)).isZero();
    assertThat(produced(ALICE, "d", 10_000)).isPositive();
  }

  @Test
  void clientsThatEachHaveTheDefaultDoNotShareIt() {
    given("client-id=", QuotaType.PRODUCE, 1000);

    assertThat(produced(ALICE, "c", 10_000)).isZero();
    assertThat(produced(ALICE, "d", 10_000)).isZero();
  }

  @Test
  void nobodyWaitsLongerThanASampleForTimeOnTheLoops() {
    given("user=alice", QuotaType.REQUEST, 1);

    assertThat(quotas.use(QuotaType.REQUEST, ALICE, "c", 10_000)).isEqualTo(1000);
  }

  @Test
  void changesOfTopicsAreRefusedOnceABurstIsUsedUp() {
    given("user=alice", QuotaType.CONTROLLER_MUTATION, 1);

    assertThat(quotas.mutate(ALICE, "c", 13, true)).as("while anything is left").isZero();
    assertThat(quotas.mutate(ALICE, "c", 1, true)).isEqualTo(2000);
    assertThat(quotas.mutate(ALICE, "c", 3, false)).as("let through, and longer").isEqualTo(5000);
    pass(5000);
    assertThat(quotas.mutate(ALICE, "c", 1, true)).isZero();
  }

  @Test
  void connectionsOfAnAddressAreRefusedThatComeTooFast() {
    given("ip=", QuotaType.CONNECTION_CREATION, 1);
    given("ip=::1", QuotaType.CONNECTION_CREATION, 2);

    for (int i = 0; i < 10; i++) {
      assertThat(quotas.connect("10.0.0.1")).isZero();
    }
    assertThat(quotas.connect("10.0.0.1")).isPositive();
    assertThat(quotas.connect("10.0.0.2")).isZero();
    for (int i = 0; i < 20; i++) {
      assertThat(quotas.connect("0:0:0:0:0:0:0:1")).isZero();
    }
    assertThat(quotas.connect("0:0:0:0:0:0:0:1")).isPositive();
  }

  @Test
  void theBrokerAsAWholeTakesNoMoreConnectionsThanItsRate() {
    assertThat(quotas.accept(Integer.MAX_VALUE)).isZero();
    for (int i = 0; i < 20; i++) {
      assertThat(quotas.accept(2)).isZero();
    }
    assertThat(quotas.accept(2)).isPositive();
  }

  @Test
  void anotherLimitHoldsAtOnceForWhatWasUsedBefore() {
    given("user=alice", QuotaType.PRODUCE, 1000);
    assertThat(produced(ALICE, "c", 10_000)).isZero();

    given("user=alice", QuotaType.PRODUCE, 100);

    assertThat(produced(ALICE, "c", 0)).isPositive();
  }

  @Test
  void manyClientsAreForgottenOldestFirst() {
    given("client-id=", QuotaType.PRODUCE, 1000);
    assertThat(produced(ALICE, "busy", 20_000)).isPositive();
    for (int i = 0; i < 9_999; i++) {
      assertThat(produced(ALICE, "c" + i, 1)).isZero();
    }
    assertThat(produced(ALICE, "busy", 0)).as("still known").isPositive();

    for (int i = 0; i < 10_000; i++) {
      assertThat(produced(ALICE, "d" + i, 1)).isZero();
    }
    assertThat(produced(ALICE, "busy", 0)).as("forgotten").isZero();
  }

  /** The limit, by how much the largest burst is that passes. */
  private int allowed(String principal, String clientId) {
    int allowed = 0;
    for (int burst = 1; burst <= 20; burst++) {
      if (quotas.useIfWithin(QuotaType.PRODUCE, principal, clientId, burst * 10) == 0) {
        allowed = burst;
        // takes it back
        quotas.use(QuotaType.PRODUCE, principal, clientId, -burst * 10);
      }
    }
    return allowed;
  }

  private int produced(String principal, String clientId, double bytes) {
    return quotas.use(QuotaType.PRODUCE, principal, clientId, bytes);
  }

  private int fetched(String principal, double bytes) {
    return quotas.useIfWithin(QuotaType.FETCH, principal, "c", bytes);
  }

  private void pass(long ms) {
    scheduler.runFor(TimeUnit.MILLISECONDS.toNanos(ms));
  }

  /** TYPE=NAME,TYPE=NAME; without a name the default. */
  private void given(String entity, QuotaType type, double perSecond) {
    List<QuotaEntity.Part> parts = new ArrayList<>();
    for (String part : entity.split(",", -1)) {
      String[] typeAndName = part.split("=", -1);
      parts.add(
          new QuotaEntity.Part(
              typeAndName[0], Optional.of(typeAndName[1]).filter(name -> !name.isEmpty())));
    }
    QuotaEntity key = new QuotaEntity(parts);
    stored.put(key, stored.getOrDefault(key, TreePMap.empty()).plus(type.key(), perSecond));
    MetadataImage empty = MetadataImage.EMPTY;
    image =
        new MetadataImage(
            empty.entryNumber(),
            empty.entryHash(),
            empty.clusterId(),
            empty.formatVersion(),
            empty.incarnations(),
            empty.ended(),
            empty.brokers(),
            empty.topics(),
            empty.topicIds(),
            empty.objects(),
            empty.configs(),
            empty.features(),
            TreePMap.from(stored),
            empty.unregistered(),
            empty.nextProducerId(),
            empty.nextBrokerEpoch());
  }
}
