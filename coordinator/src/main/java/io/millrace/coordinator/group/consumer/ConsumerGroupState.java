package io.millrace.coordinator.group.consumer;

/** State of a consumer group; the text is what Kafka's clients parse. */
public enum ConsumerGroupState {
  EMPTY("Empty"),
  ASSIGNING("Assigning"),
  RECONCILING("Reconciling"),
  STABLE("Stable");

  private final String text;

  ConsumerGroupState(String text) {
    this.text = text;
  }

  public String text() {
    return text;
  }
}
