package io.millrace.storage.wal;

import io.millrace.storage.PartitionId;
import java.io.IOException;
import java.util.List;
import java.util.function.BooleanSupplier;

class FileWalContractTest extends WalContractTest {
  @Override
  Bench bench() {
    WalWorld world = new WalWorld(3);
    world.recyclePercent = 0;
    return new Bench() {
      @Override
      public Wal open() {
        Wal wal = world.open();
        // The first file is made ahead: failures are to meet the log.
        world.settle();
        return wal;
      }

      @Override
      public boolean runUntil(BooleanSupplier condition) {
        return world.scheduler.runUntil(condition, 100_000);
      }

      @Override
      public void settle() {
        world.settle();
      }

      @Override
      public void failNextWrite() {
        world.machine.disk().failNextSync();
      }

      @Override
      public List<byte[]> recoveredAfterPowerLoss(PartitionId partition) throws IOException {
        world.restart(true);
        world.recover();
        return world.found(partition);
      }
    };
  }
}
