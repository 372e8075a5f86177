package io.millrace.coordinator.transaction;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.coordinator.transaction.TransactionShard.ProducerOf;
import java.util.List;
import org.apache.kafka.common.errors.InvalidRegularExpression;
import org.junit.jupiter.api.Test;

class TransactionFilterTest {
  private final TransactionWorld world = new TransactionWorld();

  @Test
  void withoutAFilterAllAreListed() {
    two();

    assertThat(world.list(new TransactionFilter(List.of(), List.of(), -1, null)))
        .containsExactlyInAnyOrder("payments", "refunds");
  }

  @Test
  void statesFilterAndUnknownOnesAreNamed() {
    two();
    TransactionFilter filter = new TransactionFilter(List.of("Ongoing", "Lost"), List.of(), -1, "");

    assertThat(world.list(filter)).containsExactly("payments");
    assertThat(filter.unknownStates()).containsExactly("Lost");
    assertThat(world.list(new TransactionFilter(List.of("Lost"), List.of(), -1, null))).isEmpty();
  }

  @Test
  void producerIdsFilter() {
    two();
    long id = world.transaction().producerId();

    assertThat(world.list(new TransactionFilter(List.of(), List.of(id), -1, null)))
        .containsExactly("payments");
  }

  @Test
  void durationFiltersWhatIsOpenForLonger() {
    two();
    world.harness.pass(5_000);

    assertThat(world.list(new TransactionFilter(List.of("Ongoing"), List.of(), 4_000, null)))
        .containsExactly("payments");
    assertThat(world.list(new TransactionFilter(List.of("Ongoing"), List.of(), 6_000, null)))
        .isEmpty();
  }

  @Test
  void patternsMatchTheWholeId() {
    two();

    assertThat(world.list(new TransactionFilter(List.of(), List.of(), -1, "pay.*")))
        .containsExactly("payments");
    assertThat(world.list(new TransactionFilter(List.of(), List.of(), -1, "pay"))).isEmpty();
    assertThatThrownBy(() -> new TransactionFilter(List.of(), List.of(), -1, "(["))
        .isInstanceOf(InvalidRegularExpression.class);
  }

  private void two() {
    ProducerOf producer = world.init();
    world.add(producer, TransactionWorld.P0);
    world.init("refunds", 60_000, -1, (short) -1).join();
  }
}
