package io.millrace.coordinator.group.classic;

/** State of a classic group; the text is what Kafka's clients parse. */
public enum ClassicState {
  EMPTY("Empty"),
  PREPARING_REBALANCE("PreparingRebalance"),
  COMPLETING_REBALANCE("CompletingRebalance"),
  STABLE("Stable");

  private final String text;

  ClassicState(String text) {
    this.text = text;
  }

  public String text() {
    return text;
  }
}
