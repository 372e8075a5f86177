package io.millrace.simulation;

import io.millrace.runtime.simulated.SimulatedDisk;
import io.millrace.runtime.simulated.SimulatedScheduler;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What goes wrong with the broker's machine, one thing after the other, and who starts it again.
 * Looks at the world after every step.
 */
final class Faults {
  /** What may go wrong. */
  enum Fault {
    PROCESS_CRASH,
    POWER_LOSS,
    PROCESS_CRASH_IN_DISK_CALL,
    POWER_LOSS_IN_DISK_CALL,
    /** Crashes again and again while it recovers. */
    CRASHES_IN_RECOVERY,
    /** A sync of the log fails, the process starts again, and then the power goes. */
    FAILED_SYNC,
    /**
     * The power goes right after the first acknowledgement from a WAL file that was used before.
     */
    POWER_LOSS_AFTER_RECYCLING,
    DISK_FULL,
    GRACEFUL_RESTART,
    CLOCK_JUMP
  }

  private static final long ENDS_WITHIN_NS = TimeUnit.SECONDS.toNanos(20);
  private static final Path WAL = BrokerHost.DATA.resolve("store").resolve("wal");

  private static final Pattern RENAME = Pattern.compile(" rename (\\S+) (\\S+)");

  private final SimulatedScheduler scheduler;
  private final BrokerHost host;
  private final SimulatedDisk disk;
  private final SplittableRandom random;
  private final Story story;
  private final Map<Fault, Long> begun = new EnumMap<>(Fault.class);
  private final Deque<Fault> plan = new ArrayDeque<>();
  private @Nullable Fault current;
  private long nextAtNs;
  private long restartAtNs = -1;
  private long mustEndByNs = Long.MAX_VALUE;
  private boolean powerGoesAtDeath;
  private int recoveryCrashes;
  private boolean exited;
  private boolean recycled;
  private long powerLossesAfterRecycling;
  private boolean endedOnFailedSync;
  private boolean corrupted;
  private boolean jumped;
  private boolean startedAfterJump;
  private boolean refused;
  private final Set<String> usedSpares = new HashSet<>();
  private boolean acknowledgedFromRecycled;

  Faults(SimulatedScheduler scheduler, BrokerHost host, SplittableRandom random, Story story) {
    this.scheduler = scheduler;
    this.host = host;
    this.disk = host.machine().disk();
    this.random = random;
    this.story = story;
  }

  /** What is to go wrong next; begins some time from now. */
  void plan(int count) {
    Fault[] all = Fault.values();
    for (int i = 0; i < count; i++) {
      plan.add(all[random.nextInt(all.length)]);
    }
    scheduleNext();
  }

  boolean exhausted() {
    return plan.isEmpty() && current == null && host.process() != null;
  }

  /** How often each has begun. */
  Map<Fault, Long> begun() {
    return begun;
  }

  long powerLossesAfterRecycling() {
    return powerLossesAfterRecycling;
  }

  /** Nothing more goes wrong, and what is full has room again. */
  void heal() {
    plan.clear();
    current = null;
    disk.capacityBytes(Long.MAX_VALUE);
    recoveryCrashes = 0;
  }

  /** A restart without faults: graceful, or after a power loss. */
  void restart(boolean graceful) {
    if (graceful) {
      stopGracefully();
    } else {
      story.tell("power loss");
      host.losePower();
    }
  }

  /** Bits were flipped: from now on the broker may end or refuse to start, and stays down. */
  void corrupted() {
    corrupted = true;
  }

  /** The broker has told of the damage by ending or not starting. */
  boolean refused() {
    return refused;
  }

  /** A broker began its life with a wall clock that was not right before. */
  boolean startedAfterJump() {
    return startedAfterJump;
  }

  /** A produce request was acknowledged just now. */
  void onAcknowledged() {
    if (recycled) {
      recycled = false;
      acknowledgedFromRecycled = true;
    }
  }

  void afterStep() {
    if (acknowledgedFromRecycled) {
      acknowledgedFromRecycled = false;
      powerLossesAfterRecycling++;
      story.tell("power loss after the first acknowledgement from a recycled file");
      host.losePower();
      over();
    }
    if (!host.machine().running()) {
      onDead();
      return;
    }
    Throwable ended = host.ended();
    if (exited) {
      exited = false;
      story.tell("exited");
      host.crashProcess();
    } else if (ended != null) {
      onEnded(ended);
    } else if (scheduler.nowNs() > mustEndByNs) {
      throw new Violation("I11: the broker goes on after a sync of its log failed");
    } else if (host.process() != null) {
      onReady();
    }
  }

  private void onDead() {
    if (restartAtNs < 0) {
      if (powerGoesAtDeath) {
        host.losePower();
      } else {
        host.crashProcess();
      }
      powerGoesAtDeath = false;
      mustEndByNs = Long.MAX_VALUE;
      restartAtNs = scheduler.nowNs() + random.nextInt(200_000_000);
      if (current != Fault.DISK_FULL && current != Fault.FAILED_SYNC && recoveryCrashes == 0) {
        over();
      }
    } else if (scheduler.nowNs() >= restartAtNs || !scheduler.hasTasks()) {
      restartAtNs = -1;
      host.start();
      startedAfterJump |= jumped;
      story.tell("start " + host.starts());
      if (recoveryCrashes > 0) {
        recoveryCrashes--;
        crashInDiskCall(1 + random.nextInt(120), random.nextBoolean());
      }
    }
  }

  private void onEnded(Throwable cause) {
    if (corrupted) {
      refused = true;
      return;
    }
    boolean expected = current == Fault.FAILED_SYNC || current == Fault.DISK_FULL;
    if (!expected) {
      throw new Violation("the broker ended by itself: " + cause, cause);
    }
    story.tell("ended by itself: " + cause);
    endedOnFailedSync = current == Fault.FAILED_SYNC;
    host.crashProcess();
  }

  private void onReady() {
    if (endedOnFailedSync) {
      // Before a merge copies what the page cache shows.
      endedOnFailedSync = false;
      nextAtNs = scheduler.nowNs() + random.nextInt(100_000_000);
    }
    if (scheduler.nowNs() < nextAtNs) {
      return;
    }
    if (current == null) {
      current = plan.poll();
      if (current != null) {
        story.tell(current.toString());
        begun.merge(current, 1L, Long::sum);
        begin(current);
      }
    } else {
      onTimeUp(current);
    }
  }

  private void begin(Fault fault) {
    nextAtNs = scheduler.nowNs() + TimeUnit.MILLISECONDS.toNanos(500 + random.nextInt(1500));
    switch (fault) {
      case PROCESS_CRASH -> host.crashProcess();
      case POWER_LOSS -> host.losePower();
      case PROCESS_CRASH_IN_DISK_CALL -> crashInDiskCall(random.nextInt(60), false);
      case POWER_LOSS_IN_DISK_CALL -> crashInDiskCall(random.nextInt(60), true);
      case CRASHES_IN_RECOVERY -> {
        recoveryCrashes = 1 + random.nextInt(4);
        crashInDiskCall(random.nextInt(60), random.nextBoolean());
      }
      case FAILED_SYNC ->
          disk.failNextSync(
              path -> path.startsWith(WAL),
              path -> {
                story.tell("sync of " + path + " failed");
                mustEndByNs = scheduler.nowNs() + ENDS_WITHIN_NS;
              });
      case POWER_LOSS_AFTER_RECYCLING -> {}
      case DISK_FULL -> disk.capacityBytes(disk.usedBytes() + random.nextInt(200_000));
      case GRACEFUL_RESTART -> stopGracefully();
      case CLOCK_JUMP -> {
        long jumpMs = random.nextLong(-3_600_000, 3_600_000);
        host.machine().clock().jump(jumpMs);
        jumped = true;
        over();
      }
    }
  }

  private void onTimeUp(Fault fault) {
    switch (fault) {
      case DISK_FULL -> {
        disk.capacityBytes(Long.MAX_VALUE);
        story.tell("disk has room again");
      }
      case FAILED_SYNC -> {
        story.tell("power loss");
        host.losePower();
      }
      default -> story.tell(fault + " did not come about");
    }
    recycled = false;
    over();
  }

  private void over() {
    current = null;
    scheduleNext();
  }

  private void scheduleNext() {
    nextAtNs = scheduler.nowNs() + TimeUnit.MILLISECONDS.toNanos(random.nextInt(400));
  }

  private void crashInDiskCall(int calls, boolean powerLoss) {
    powerGoesAtDeath = powerLoss;
    host.machine().crashAfterDiskCalls(1 + calls);
    story.tell("dies in a disk call soon, " + (powerLoss ? "with" : "without") + " power loss");
  }

  private void stopGracefully() {
    story.tell("stop");
    host.stop(() -> exited = true);
  }

  /** Files move between the spares and the log; one that comes back to the log was used before. */
  void onDiskCall(String call) {
    Matcher rename = RENAME.matcher(call);
    if (!rename.find()) {
      return;
    }
    String from = rename.group(1);
    String to = rename.group(2);
    if (from.startsWith(WAL.toString())) {
      usedSpares.add(to);
    } else if (usedSpares.remove(from) && current == Fault.POWER_LOSS_AFTER_RECYCLING) {
      recycled = true;
    }
  }
}
