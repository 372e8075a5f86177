package io.millrace.broker.config;

import java.util.Map;

/** Levels of this process's loggers, by Kafka's names of the levels. Any thread may call. */
public interface LoggerLevels {
  /** Kafka's name of the root logger. */
  String ROOT = "root";

  /** Of a process whose loggers nobody may see or change. */
  LoggerLevels NONE =
      new LoggerLevels() {
        @Override
        public Map<String, String> levels() {
          return Map.of();
        }

        @Override
        public void set(String logger, String level) {
          throw new IllegalArgumentException(logger);
        }

        @Override
        public void unset(String logger) {
          throw new IllegalArgumentException(logger);
        }
      };

  /** All loggers there are with the levels in effect, the root's included. */
  Map<String, String> levels();

  /**
   * @param logger one there is
   */
  void set(String logger, String level);

  /**
   * The logger takes its parent's level again.
   *
   * @param logger one there is, not the root
   */
  void unset(String logger);
}
