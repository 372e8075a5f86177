package io.millrace.storage.log;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.storage.PartitionId;
import io.millrace.storage.log.PartitionLog.Appended;
import io.millrace.storage.log.PartitionLog.Isolation;
import io.millrace.storage.log.PartitionLog.LogSlice;
import io.millrace.storage.log.PartitionLog.Origin;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataImage.Partition;
import io.millrace.storage.metadata.ObjectInfo;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class StorageEngineMergeTest {
  @Test
  void mergedRecordsAreReadBackAndTheirWalFilesServeAgain() {
    for (long seed = 0; seed < 2; seed++) {
      SimulatedBroker broker = new SimulatedBroker(seed);
      SplittableRandom random = new SplittableRandom(seed);
      broker.mergeEagerly();
      StorageEngine engine = broker.start();
      PartitionId id = broker.createTopic("t", 3);
      List<NavigableMap<Long, ByteBuffer>> acknowledged = new ArrayList<>();
      for (int p = 0; p < 3; p++) {
        acknowledged.add(new TreeMap<>());
      }
      for (int round = 0; round < 3; round++) {
        fill(broker, random, id, acknowledged);
        broker.scheduler().runFor(TimeUnit.SECONDS.toNanos(20));
        assertThat(broker.scheduler().failures()).isEmpty();
        readBack(broker, id, acknowledged);

        if (round == 1) {
          broker.losePower();
        } else {
          broker.stop();
        }
        engine = broker.start();
        readBack(broker, id, acknowledged);
      }

      MetadataImage image = engine.metadata().image();
      assertThat(image.objects().values())
          .extracting(ObjectInfo::level)
          .as("seed %d", seed)
          .contains(1);
      assertThat(
              image.objects().values().stream()
                  .filter(o -> o.level() == 0)
                  .mapToLong(ObjectInfo::sizeBytes)
                  .sum())
          .isLessThan(1 << 20);
      assertThat(image.partition(id))
          .extracting(Partition::checkpoint)
          .isNotEqualTo(Optional.empty());
    }
  }

  private static void fill(
      SimulatedBroker broker,
      SplittableRandom random,
      PartitionId id,
      List<NavigableMap<Long, ByteBuffer>> acknowledged) {
    for (int i = 0; i < 300; i++) {
      int p = random.nextInt(random.nextInt(3) + 1);
      List<CompletableFuture<Appended>> appends = new ArrayList<>();
      List<ByteBuffer> batches = new ArrayList<>();
      for (int n = random.nextInt(6); n >= 0; n--) {
        long[] times = new long[1 + random.nextInt(40)];
        for (int t = 0; t < times.length; t++) {
          times[t] = random.nextLong(1000, 2000);
        }
        batches.add(Batches.at(times));
        appends.add(
            broker
                .open(new PartitionId(id.topicId(), p))
                .append(batches.getLast(), -1, Origin.CLIENT));
      }
      for (int n = 0; n < appends.size(); n++) {
        acknowledged.get(p).put(broker.await(appends.get(n)).baseOffset(), batches.get(n));
      }
    }
  }

  private static void readBack(
      SimulatedBroker broker, PartitionId id, List<NavigableMap<Long, ByteBuffer>> acknowledged) {
    for (int p = 0; p < 3; p++) {
      PartitionLog log = broker.open(new PartitionId(id.topicId(), p));
      long offset = 0;
      for (var expected : acknowledged.get(p).entrySet()) {
        assertThat(expected.getKey()).isEqualTo(offset);
        LogSlice slice = broker.await(log.read(offset, 1, true, Isolation.READ_UNCOMMITTED));
        ByteBuffer read = slice.buffers().getFirst();
        // leader epoch and offset apart, the bytes are the producer's
        assertThat(read.slice(16, read.remaining() - 16))
            .isEqualTo(expected.getValue().slice(16, expected.getValue().limit() - 16));
        offset += expected.getValue().getInt(23) + 1;
        slice.release();
      }
      assertThat(log.highWatermark()).isEqualTo(offset);
    }
  }
}
