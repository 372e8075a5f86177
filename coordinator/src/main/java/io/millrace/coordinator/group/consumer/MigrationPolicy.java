package io.millrace.coordinator.group.consumer;

/** Which way a live group may change its protocol. */
public enum MigrationPolicy {
  DISABLED(false, false),
  UPGRADE(true, false),
  DOWNGRADE(false, true),
  BIDIRECTIONAL(true, true);

  private final boolean upgrades;
  private final boolean downgrades;

  MigrationPolicy(boolean upgrades, boolean downgrades) {
    this.upgrades = upgrades;
    this.downgrades = downgrades;
  }

  /** From the classic protocol to the consumer protocol. */
  public boolean upgrades() {
    return upgrades;
  }

  /** Back. */
  public boolean downgrades() {
    return downgrades;
  }
}
