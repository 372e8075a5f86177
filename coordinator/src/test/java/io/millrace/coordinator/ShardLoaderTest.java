package io.millrace.coordinator;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.runtime.EventLoop;
import io.millrace.runtime.simulated.SimulatedClock;
import io.millrace.runtime.simulated.SimulatedScheduler;
import io.millrace.runtime.simulated.SimulatedThreads;
import io.millrace.storage.log.PartitionLog.Origin;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.errors.NotLeaderOrFollowerException;
import org.apache.kafka.common.errors.UnsupportedVersionException;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.junit.jupiter.api.Test;

class ShardLoaderTest {
  private final SimulatedScheduler scheduler = new SimulatedScheduler(1);
  private final EventLoop loop = new SimulatedThreads(scheduler, "broker").eventLoop("groups");
  private final SimulatedPartitionLog log = new SimulatedPartitionLog();
  private final List<Long> replayed = new ArrayList<>();

  /** Notes the offsets of what it replays. */
  private final class Noting implements Shard {
    @Override
    public RecordTypes recordTypes() {
      return id -> {
        throw new UnsupportedVersionException("nothing is written here");
      };
    }

    @Override
    public RecordDecoder decoder() {
      return (_, record) -> () -> replayed.add(record.offset());
    }

    @Override
    public void replay(CoordinatorRecord record) {}

    @Override
    public void onLoaded(Outbox out) {}
  }

  @Test
  void whatAnEarlierShardHasOnItsWayIsWaitedFor() {
    append();
    log.hold();
    append();
    CompletableFuture<Void> loaded = load();
    assertThat(loaded).isNotDone();

    log.letGo();
    scheduler.runFor(1_000_000);

    assertThat(loaded).isCompleted();
    assertThat(replayed).containsExactly(0L, 1L);
  }

  @Test
  void aLoadFailsIfWhatIsOnItsWayDoes() {
    log.hold();
    append();
    CompletableFuture<Void> loaded = load();

    log.failHeld(new NotLeaderOrFollowerException("led elsewhere"));
    scheduler.runFor(1_000_000);

    assertThat(loaded.exceptionNow()).isInstanceOf(NotLeaderOrFollowerException.class);
  }

  private void append() {
    ByteBuffer batch =
        MemoryRecords.withRecords(Compression.NONE, new SimpleRecord(new byte[1], new byte[1]))
            .buffer();
    log.append(batch, -1, Origin.COORDINATOR);
  }

  private CompletableFuture<Void> load() {
    CompletableFuture<Void> loaded =
        ShardLoader.load(loop, new SimulatedClock(scheduler), log, new Noting());
    scheduler.runFor(1_000_000);
    return loaded;
  }
}
