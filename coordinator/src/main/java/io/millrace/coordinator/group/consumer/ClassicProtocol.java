package io.millrace.coordinator.group.consumer;

import java.util.Arrays;

/** An assignor a member of the classic protocol knows, and what it tells that one. */
public final class ClassicProtocol {
  private final String name;
  private final byte[] metadata;

  public ClassicProtocol(String name, byte[] metadata) {
    this.name = name;
    this.metadata = metadata;
  }

  public String name() {
    return name;
  }

  /** Not to be changed. */
  public byte[] metadata() {
    return metadata;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof ClassicProtocol that
        && name.equals(that.name)
        && Arrays.equals(metadata, that.metadata);
  }

  @Override
  public int hashCode() {
    return 31 * name.hashCode() + Arrays.hashCode(metadata);
  }

  @Override
  public String toString() {
    return name + " (" + metadata.length + " bytes)";
  }
}
