package io.millrace.runtime;

/**
 * Told of every task that threw; such a throw is a bug, not an outcome. Called on the thread that
 * ran the task.
 */
@FunctionalInterface
public interface FailureHandler {
  void onFailure(String thread, Throwable cause);
}
