package io.millrace.storage.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.runtime.Disk;
import io.millrace.runtime.simulated.SimulatedCrash;
import io.millrace.runtime.simulated.SimulatedDisk;
import io.millrace.storage.PartitionId;
import io.millrace.storage.WriterId;
import io.millrace.storage.log.PartitionLog.Origin;
import io.millrace.storage.metadata.MetadataCheck;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.recovery.WalCorruptException;
import io.millrace.storage.wal.WalDump;
import io.millrace.storage.wal.WalFolder;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A broker whose log is damaged does not start, until what is damaged was put aside. */
class FolderRepairTest {
  private static final int RECORDS = 20;
  private static final int DAMAGED = 7;

  private final SimulatedBroker broker = new SimulatedBroker(3);
  private final SimulatedDisk disk = broker.machine().disk();
  private PartitionId id = new PartitionId(org.apache.kafka.common.Uuid.ZERO_UUID, 0);
  private Path file = Path.of("/");
  private byte[] before = {};

  @BeforeEach
  void aDurableEntryIsDamaged() throws IOException {
    broker.start();
    id = broker.createTopic("t", 1);
    for (int i = 0; i < RECORDS; i++) {
      broker.await(broker.open(id).append(Batches.at(i), -1, Origin.CLIENT));
    }
    WriterId writer = broker.engine().metadata().writer();
    broker.scheduler().runFor(TimeUnit.SECONDS.toNanos(1));
    broker.losePower();
    StorageEngine engine = broker.boot();
    StoreCopy copy = copy();
    WalDump.Found damaged = new WalDump(copy.store).run(image(copy), id).get(DAMAGED);
    file = new WalFolder(SimulatedBroker.DATA.resolve("store")).file(writer, 0);
    assertThat(file.toString()).endsWith(damaged.key());
    disk.flipBit(file, damaged.position() * 8 + 600);
    before = disk.cacheBytes(file);
    assertThatThrownBy(() -> broker.await(engine.start()))
        .hasRootCauseInstanceOf(WalCorruptException.class);
    broker.losePower();
    broker.boot();
  }

  private StoreCopy copy() {
    return new StoreCopy(broker.store(), false, broker::await);
  }

  private static MetadataImage image(StoreCopy copy) {
    return new MetadataCheck(copy.store).run().image().orElseThrow();
  }

  private List<Path> repair(Disk on) throws IOException {
    return new FolderRepair(on, SimulatedBroker.DATA).run(image(copy()));
  }

  @Test
  void whatComesBeforeServesAgainAndTheRestIsKept() throws IOException {
    List<Path> copies = repair(broker.environment().disk());

    assertThat(copies).isNotEmpty();
    byte[] kept = disk.mediumBytes(copies.getFirst());
    assertThat(kept)
        .isEqualTo(Arrays.copyOfRange(before, before.length - kept.length, before.length));
    assertThat(copy().check()).isEmpty();
    assertThat(repair(broker.environment().disk())).as("nothing more to do").isEmpty();
    broker.await(broker.engine().start());
    PartitionLog log = broker.open(id);
    assertThat(log.highWatermark()).isEqualTo(DAMAGED);
    assertThat(broker.await(log.append(Batches.at(1), -1, Origin.CLIENT)).baseOffset())
        .isEqualTo(DAMAGED);
  }

  @Test
  void whereverItStopsItGoesOn() throws IOException {
    for (int call = 1; ; call++) {
      MetadataImage image = image(copy());
      disk.crashAtCall(disk.calls() + call, () -> {});
      try {
        new FolderRepair(broker.environment().disk(), SimulatedBroker.DATA).run(image);
        disk.crashAtCall(Long.MAX_VALUE, () -> {});
        assertThat(call).as("calls it could die in").isGreaterThan(10);
        break;
      } catch (SimulatedCrash _) {
        broker.losePower();
        broker.boot();
      }
    }
    Path copy =
        Objects.requireNonNull(disk.files(SimulatedBroker.DATA.resolve("quarantine")).getFirst());
    byte[] kept = disk.mediumBytes(copy);
    assertThat(kept)
        .isEqualTo(Arrays.copyOfRange(before, before.length - kept.length, before.length));
    broker.await(broker.engine().start());
    assertThat(broker.open(id).highWatermark()).isEqualTo(DAMAGED);
  }

  @Test
  void aFolderInUseIsLeftAlone() throws IOException {
    repair(broker.environment().disk());
    broker.await(broker.engine().start());

    assertThatThrownBy(() -> repair(broker.environment().disk()))
        .isInstanceOf(UnusableStoreException.class)
        .hasMessageContaining("in use by another process");
  }
}
