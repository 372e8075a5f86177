package io.millrace.broker.config;

import static io.millrace.broker.config.KeyDeclaration.int32;

import java.util.List;

/** Over what time the rates of quotas are taken. */
public final class QuotaKeys {
  public static final ConfigKey<Integer> SAMPLES =
      int32("quota.window.num", 11)
          .atLeast(1)
          .inForce("Samples kept for quotas of clients and connections.");
  public static final ConfigKey<Integer> SAMPLE_SECONDS =
      int32("quota.window.size.seconds", 1)
          .atLeast(1)
          .inForce("Length of a sample for quotas of clients and connections.");
  public static final ConfigKey<Integer> MUTATION_SAMPLES =
      int32("controller.quota.window.num", 11)
          .atLeast(1)
          .inForce("How many samples' worth of changes of topics may come at once.");
  public static final ConfigKey<Integer> MUTATION_SAMPLE_SECONDS =
      int32("controller.quota.window.size.seconds", 1)
          .atLeast(1)
          .inForce("Length of a sample for the quota on changes of topics.");

  static final List<ConfigKey<?>> ALL =
      List.of(SAMPLES, SAMPLE_SECONDS, MUTATION_SAMPLES, MUTATION_SAMPLE_SECONDS);

  private QuotaKeys() {}
}
