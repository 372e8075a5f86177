package io.millrace.storage.metadata;

import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Kafka's features whose levels the cluster agrees on. A level of 0 means off. Those without an
 * effect here are kept because Kafka's tools set all of a release together.
 */
public enum Feature {
  /** KRaft's record formats. Those of Millrace have versions of their own. */
  METADATA_VERSION("metadata.version", 7, 30, 30),
  /** KRaft's voters; there is no quorum. */
  KRAFT_VERSION("kraft.version", 0, 1, 0),
  /** 1: markers and offsets by flexible formats; 2: a new producer epoch for each transaction. */
  TRANSACTION_VERSION("transaction.version", 0, 2, 2),
  /** 1: the consumer group protocol of KIP-848. */
  GROUP_VERSION("group.version", 0, 1, 1),
  /** Which lost replicas may lead again; here any broker may. */
  ELIGIBLE_LEADER_REPLICAS_VERSION("eligible.leader.replicas.version", 0, 1, 1),
  /** Share groups, which are not served yet, so that they begin switched off. */
  SHARE_VERSION("share.version", 0, 1, 0),
  /** Streams groups, which are not served yet, so that they begin switched off. */
  STREAMS_VERSION("streams.version", 0, 1, 0);

  private final String text;
  private final short oldest;
  private final short newest;
  private final short initial;

  Feature(String text, int oldest, int newest, int initial) {
    this.text = text;
    this.oldest = (short) oldest;
    this.newest = (short) newest;
    this.initial = (short) initial;
  }

  /** Kafka's name of it. */
  public String text() {
    return text;
  }

  /** Lowest level this broker knows. */
  public short oldest() {
    return oldest;
  }

  /** Highest level this broker knows. */
  public short newest() {
    return newest;
  }

  /** The feature of this name, if it is known. */
  public static Optional<Feature> find(String name) {
    for (Feature feature : values()) {
      if (feature.text.equals(name)) {
        return Optional.of(feature);
      }
    }
    return Optional.empty();
  }

  /** What a new cluster begins with; features that are off are left out. */
  static Map<String, Short> initialLevels() {
    Map<String, Short> levels = new TreeMap<>();
    for (Feature feature : values()) {
      if (feature.initial > 0) {
        levels.put(feature.text, feature.initial);
      }
    }
    return levels;
  }
}
