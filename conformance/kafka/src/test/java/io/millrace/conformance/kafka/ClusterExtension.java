package io.millrace.conformance.kafka;

import java.util.List;
import java.util.stream.Stream;
import org.apache.kafka.common.test.ClusterInstance;
import org.apache.kafka.common.test.api.ClusterConfig;
import org.junit.jupiter.api.extension.AfterTestExecutionCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.Extension;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.junit.jupiter.api.extension.TestTemplateInvocationContext;
import org.junit.jupiter.api.extension.TestTemplateInvocationContextProvider;

/**
 * Takes the place of the extension that Apache Kafka registers for its cluster annotations: each
 * declared cluster is one invocation of the test, on Millrace brokers. Kafka's two kinds of quorum
 * are one here, so that a declaration for both runs once.
 */
public final class ClusterExtension implements TestTemplateInvocationContextProvider {

  @Override
  public boolean supportsTestTemplate(ExtensionContext context) {
    return ClusterDeclarations.isDeclaredAt(context.getRequiredTestMethod());
  }

  @Override
  public Stream<TestTemplateInvocationContext> provideTestTemplateInvocationContexts(
      ExtensionContext context) {
    return ClusterDeclarations.of(context.getRequiredTestMethod()).stream().map(Invocation::new);
  }

  private record Invocation(ClusterConfig config) implements TestTemplateInvocationContext {
    @Override
    public String getDisplayName(int number) {
      return "[" + number + "] " + String.join(", ", config.displayTags());
    }

    /** The cluster runs from before the test's own preparation until its method has returned. */
    @Override
    public List<Extension> getAdditionalExtensions() {
      MillraceCluster cluster = new MillraceCluster(config);
      BeforeEachCallback start =
          context -> {
            if (config.isAutoStart()) {
              cluster.start();
            }
          };
      AfterTestExecutionCallback stop = context -> cluster.stop();
      return List.of(start, stop, new Parameter(cluster));
    }
  }

  private record Parameter(MillraceCluster cluster) implements ParameterResolver {
    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
      return parameter.getParameter().getType() == ClusterInstance.class;
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
      return cluster;
    }
  }
}
