package io.millrace.cli;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/**
 * When this process began. Linux tells it to 10 ms in a file that costs nothing to read; {@link
 * ProcessHandle} is wrong by up to a second there, and the management classes cost tens of
 * milliseconds of the very time in question.
 */
final class ProcessStart {
  /**
   * Set by the launcher, in seconds of machine uptime, when it has built the project in this
   * process first.
   */
  private static final String LAUNCHED_AT = "MILLRACE_LAUNCHED_AT";

  private static final long TICKS_PER_SECOND = 100;

  private ProcessStart() {}

  /** On the scale of {@link System#nanoTime()}. */
  static long ns() {
    return System.nanoTime() - ageNs();
  }

  private static long ageNs() {
    try {
      String uptime = Files.readString(Path.of("/proc/uptime"));
      String launched = System.getenv(LAUNCHED_AT);
      double startSeconds =
          launched == null
              ? startSeconds(Files.readString(Path.of("/proc/self/stat")))
              : Double.parseDouble(launched);
      double ageSeconds =
          Double.parseDouble(uptime.substring(0, uptime.indexOf(' '))) - startSeconds;
      if (ageSeconds >= 0) {
        return (long) (ageSeconds * TimeUnit.SECONDS.toNanos(1));
      }
    } catch (IOException | NumberFormatException e) {
      // Not Linux, or a container that hides it.
    }
    return TimeUnit.MILLISECONDS.toNanos(ManagementFactory.getRuntimeMXBean().getUptime());
  }

  /** Field 22 of proc(5)'s stat; the command in field 2 may hold spaces and parentheses. */
  static double startSeconds(String stat) {
    String[] fromField3 = stat.substring(stat.lastIndexOf(')') + 2).split(" ", 21);
    return (double) Long.parseLong(fromField3[19]) / TICKS_PER_SECOND;
  }
}
