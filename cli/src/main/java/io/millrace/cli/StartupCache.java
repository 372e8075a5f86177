package io.millrace.cli;

import org.jspecify.annotations.Nullable;

/**
 * Whether the JVM runs from the start-up (AOT) cache made while packaging. The JVM drops a cache
 * that does not fit without a word; what it then says of itself is the only trace.
 */
final class StartupCache {
  private StartupCache() {}

  /** One line for the log. */
  static String state() {
    return state(System.getProperty("millrace.aot"), System.getProperty("java.vm.info", ""));
  }

  static String state(@Nullable String cache, String vmInfo) {
    if (cache == null) {
      return "start-up cache: none for these jars; `millrace train` makes one";
    }
    return vmInfo.contains("sharing")
        ? "start-up cache: used, " + cache
        : "start-up cache: not used, made by another JDK or for other flags; `millrace train` makes it anew: "
            + cache;
  }
}
