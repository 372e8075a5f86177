package io.millrace.conformance.kafka;

import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.apache.kafka.common.network.ListenerName;
import org.apache.kafka.common.test.api.AutoStart;
import org.apache.kafka.common.test.api.ClusterConfig;
import org.apache.kafka.common.test.api.ClusterConfigProperty;
import org.apache.kafka.common.test.api.ClusterFeature;
import org.apache.kafka.common.test.api.ClusterTemplate;
import org.apache.kafka.common.test.api.ClusterTest;
import org.apache.kafka.common.test.api.ClusterTestDefaults;
import org.apache.kafka.common.test.api.ClusterTests;
import org.apache.kafka.server.common.Feature;
import org.junit.platform.commons.support.AnnotationSupport;
import org.junit.platform.commons.support.ReflectionSupport;

/** What the annotations of a test say about the clusters it wants, each one in turn. */
final class ClusterDeclarations {
  private static final int EVERY_NODE = -1;

  /** Carries the defaults of a class that declares none. */
  @ClusterTestDefaults
  private static final class Undeclared {}

  private ClusterDeclarations() {}

  static boolean isDeclaredAt(Method test) {
    return test.isAnnotationPresent(ClusterTest.class)
        || test.isAnnotationPresent(ClusterTests.class)
        || test.isAnnotationPresent(ClusterTemplate.class);
  }

  static List<ClusterConfig> of(Method test) {
    ClusterTemplate template = test.getAnnotation(ClusterTemplate.class);
    if (template != null) {
      return generated(test.getDeclaringClass(), template.value());
    }
    ClusterTestDefaults defaults = defaults(test.getDeclaringClass());
    Stream<ClusterTest> several =
        Stream.ofNullable(test.getAnnotation(ClusterTests.class))
            .flatMap(tests -> Arrays.stream(tests.value()));
    return Stream.concat(several, Stream.ofNullable(test.getAnnotation(ClusterTest.class)))
        .map(one -> config(one, defaults))
        .toList();
  }

  private static ClusterTestDefaults defaults(Class<?> tests) {
    return AnnotationSupport.findAnnotation(tests, ClusterTestDefaults.class)
        .orElseGet(() -> Undeclared.class.getAnnotation(ClusterTestDefaults.class));
  }

  /** A static method of the class makes the configurations. */
  private static List<ClusterConfig> generated(Class<?> tests, String generator) {
    Method method =
        ReflectionSupport.findMethod(tests, generator)
            .orElseThrow(
                () -> new IllegalStateException(tests.getName() + " has no method " + generator));
    Object configs = ReflectionSupport.invokeMethod(method, null);
    if (!(configs instanceof List<?> list)) {
      throw new IllegalStateException(method + " returned no list");
    }
    return list.stream().map(ClusterConfig.class::cast).toList();
  }

  private static ClusterConfig config(ClusterTest test, ClusterTestDefaults defaults) {
    Map<String, String> forAll = new HashMap<>();
    Map<Integer, Map<String, String>> forOne = new HashMap<>();
    Stream.of(defaults.serverProperties(), test.serverProperties())
        .flatMap(Arrays::stream)
        .forEach(property -> put(property, forAll, forOne));
    Map<Feature, Short> features = new HashMap<>();
    for (ClusterFeature feature : test.features()) {
      features.put(feature.feature(), feature.version());
    }
    boolean autoStart =
        test.autoStart() == AutoStart.DEFAULT
            ? defaults.autoStart()
            : test.autoStart() == AutoStart.YES;
    return ClusterConfig.builder()
        .setTypes(Set.of(test.types().length == 0 ? defaults.types() : test.types()))
        .setBrokers(test.brokers() == 0 ? defaults.brokers() : test.brokers())
        .setControllers(test.controllers() == 0 ? defaults.controllers() : test.controllers())
        .setDisksPerBroker(
            test.disksPerBroker() == 0 ? defaults.disksPerBroker() : test.disksPerBroker())
        .setAutoStart(autoStart)
        .setBrokerListenerName(ListenerName.normalised(test.brokerListener()))
        .setBrokerSecurityProtocol(test.brokerSecurityProtocol())
        .setControllerListenerName(ListenerName.normalised(test.controllerListener()))
        .setControllerSecurityProtocol(test.controllerSecurityProtocol())
        .setServerProperties(forAll)
        .setPerServerProperties(forOne)
        .setMetadataVersion(test.metadataVersion())
        .setTags(List.of(test.tags()))
        .setFeatures(features)
        .setStandalone(test.standalone())
        .build();
  }

  private static void put(
      ClusterConfigProperty property,
      Map<String, String> forAll,
      Map<Integer, Map<String, String>> forOne) {
    Map<String, String> where =
        property.id() == EVERY_NODE
            ? forAll
            : forOne.computeIfAbsent(property.id(), id -> new HashMap<>());
    where.put(property.key(), property.value());
  }
}
