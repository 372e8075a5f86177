package io.millrace.simulation.store;

/**
 * What becomes of one request.
 *
 * @param effectAfterNs when it happens, counted from the call; negative: never
 * @param replyAfterNs when the caller hears something
 * @param answered whether that is what came of it, or only that nothing is known
 */
record Fate(long effectAfterNs, long replyAfterNs, boolean answered, String reason) {
  static Fate answered(long effectAfterNs, long replyAfterNs) {
    return new Fate(effectAfterNs, replyAfterNs, true, "");
  }

  static Fate never(long replyAfterNs, String reason) {
    return new Fate(-1, replyAfterNs, false, reason);
  }

  static Fate unanswered(long effectAfterNs, long replyAfterNs, String reason) {
    return new Fate(effectAfterNs, replyAfterNs, false, reason);
  }
}
