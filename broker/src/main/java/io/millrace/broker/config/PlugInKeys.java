package io.millrace.broker.config;

import static io.millrace.broker.config.KeyDeclaration.className;
import static io.millrace.broker.config.KeyDeclaration.flag;
import static io.millrace.broker.config.KeyDeclaration.int32;
import static io.millrace.broker.config.KeyDeclaration.int64;
import static io.millrace.broker.config.KeyDeclaration.list;
import static io.millrace.broker.config.KeyDeclaration.text;

import java.util.List;

/** Plug-ins, quotas and metrics. */
public final class PlugInKeys {
  public static final ConfigKey<String> CREATE_TOPIC_POLICY =
      className("create.topic.policy.class.name")
          .inForce(
              "Class that may refuse new topics: an org.apache.kafka.server.policy.CreateTopicPolicy.");
  public static final ConfigKey<String> ALTER_CONFIG_POLICY =
      className("alter.config.policy.class.name")
          .inForce(
              "Class that may refuse changes of configs: an org.apache.kafka.server.policy.AlterConfigPolicy.");

  static final List<ConfigKey<?>> ALL =
      List.of(
          text("authorizer.class.name", "")
              .accepted(Reasons.AUTHORIZATION_LATER, "Class that decides who may do what."),
          className(
                  "principal.builder.class",
                  "org.apache.kafka.common.security.authenticator.DefaultKafkaPrincipalBuilder")
              .perBroker()
              .accepted(Reasons.SECURITY_LATER, "Class that names the user of a connection."),
          text("security.providers")
              .accepted(Reasons.SECURITY_LATER, "Classes that register security providers."),
          className("client.quota.callback.class")
              .accepted(Reasons.QUOTAS_BY_BROKER, "Class that decides quotas."),
          CREATE_TOPIC_POLICY,
          ALTER_CONFIG_POLICY,
          list("metric.reporters", "org.apache.kafka.common.metrics.JmxReporter")
              .clusterWide()
              .accepted(Reasons.METRICS_LATER, "Classes that get the metrics."),
          int32("metrics.num.samples", 2)
              .atLeast(1)
              .accepted(Reasons.METRICS_LATER, "Samples kept for a metric."),
          int64("metrics.sample.window.ms", 30000)
              .atLeast(1)
              .accepted(Reasons.METRICS_LATER, "Length of a sample for a metric."),
          text("metrics.recording.level", "INFO")
              .accepted(Reasons.METRICS_LATER, "Which metrics are kept."),
          flag("auto.include.jmx.reporter", true)
              .accepted(Reasons.METRICS_LATER, "Whether metrics go to JMX unasked."),
          list("kafka.metrics.reporters", "")
              .accepted(Reasons.METRICS_LATER, "Classes that get the metrics of an older library."),
          int32("kafka.metrics.polling.interval.secs", 10)
              .atLeast(1)
              .accepted(Reasons.METRICS_LATER, "How often these are asked."));

  private PlugInKeys() {}
}
