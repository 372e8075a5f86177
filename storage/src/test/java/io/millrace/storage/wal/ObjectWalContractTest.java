package io.millrace.storage.wal;

import io.millrace.storage.PartitionId;
import java.util.List;
import java.util.function.BooleanSupplier;

class ObjectWalContractTest extends WalContractTest {
  @Override
  Bench bench() {
    ObjectWalWorld world = new ObjectWalWorld(3);
    return new Bench() {
      @Override
      public Wal open() {
        return world.open();
      }

      @Override
      public boolean runUntil(BooleanSupplier condition) {
        return world.runUntil(condition);
      }

      @Override
      public void settle() {
        world.settle();
      }

      @Override
      public void failNextWrite() {
        long next = world.wal().durableSequence() + 1;
        world.store.put(world.key(next), SealCodec.seal(ObjectWalWorld.WRITER, next));
      }

      @Override
      public List<byte[]> recoveredAfterPowerLoss(PartitionId partition) {
        world.kill();
        long end = world.await(world.seal());
        return world.found(partition, world.await(world.recover(end)).objects());
      }
    };
  }
}
