package io.millrace.storage.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.storage.PartitionId;
import io.millrace.storage.log.PartitionLog.Appended;
import io.millrace.storage.log.PartitionLog.Isolation;
import io.millrace.storage.log.PartitionLog.LogSlice;
import io.millrace.storage.log.PartitionLog.Origin;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.errors.UnknownTopicIdException;
import org.junit.jupiter.api.Test;

final class StorageEngineTest {
  private final SimulatedBroker broker = new SimulatedBroker(1);

  @Test
  void whatIsAppendedIsReadBack() {
    broker.start();
    PartitionId id = broker.createTopic("t", 1);
    PartitionLog log = broker.open(id);

    Appended appended = broker.await(log.append(Batches.at(5, 6), -1, Origin.CLIENT));
    LogSlice slice = broker.await(log.read(1, 1000, true, Isolation.READ_UNCOMMITTED));

    assertThat(appended).isEqualTo(new Appended(0, 1, -1, 0, false));
    assertThat(slice.highWatermark()).isEqualTo(2);
    assertThat(slice.buffers()).containsExactly(Batches.assigned(Batches.at(5, 6), 0).putInt(12, 0));
    slice.release();
    broker.stop();
  }

  @Test
  void whatWasAcknowledgedIsThereAfterAPowerLoss() {
    broker.start();
    PartitionId id = broker.createTopic("t", 1);
    broker.await(broker.open(id).append(Batches.at(5, 6), -1, Origin.CLIENT));
    broker.losePower();

    broker.start();
    PartitionLog log = broker.open(id);

    assertThat(log.highWatermark()).isEqualTo(2);
    assertThat(log.leaderEpoch()).isOne();
    LogSlice slice = broker.await(log.read(0, 1000, true, Isolation.READ_UNCOMMITTED));
    assertThat(slice.buffers()).containsExactly(Batches.assigned(Batches.at(5, 6), 0).putInt(12, 0));
    slice.release();
    Appended next = broker.await(log.append(Batches.at(7), -1, Origin.CLIENT));
    assertThat(next.baseOffset()).isEqualTo(2);
    broker.stop();
  }

  @Test
  void aTopicThatIsNotThereIsNotOpened() {
    StorageEngine engine = broker.start();

    assertThatThrownBy(() -> broker.await(engine.open(new PartitionId(Uuid.ONE_UUID, 0))))
        .hasRootCauseInstanceOf(UnknownTopicIdException.class);
    broker.stop();
  }
}
