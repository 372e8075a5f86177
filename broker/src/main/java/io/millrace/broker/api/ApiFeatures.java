package io.millrace.broker.api;

import java.util.List;

/**
 * The feature versions clients are told of.
 *
 * @param epoch version of the finalized features, -1 if unknown
 * @param features all that are known
 */
public record ApiFeatures(long epoch, List<Feature> features) {
  public static final ApiFeatures NONE = new ApiFeatures(-1, List.of());

  public ApiFeatures {
    features = List.copyOf(features);
  }

  /** A feature with the levels this broker knows and the one in force; level 0 means off. */
  public record Feature(String name, short oldest, short newest, short finalized) {}
}
