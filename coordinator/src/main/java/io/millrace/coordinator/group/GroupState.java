package io.millrace.coordinator.group;

/** State of a classic group; the text is what Kafka's clients parse. */
public enum GroupState {
  EMPTY("Empty"),
  PREPARING_REBALANCE("PreparingRebalance"),
  COMPLETING_REBALANCE("CompletingRebalance"),
  STABLE("Stable"),
  DEAD("Dead");

  private final String text;

  GroupState(String text) {
    this.text = text;
  }

  public String text() {
    return text;
  }
}
