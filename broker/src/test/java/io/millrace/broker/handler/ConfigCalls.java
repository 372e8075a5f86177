package io.millrace.broker.handler;

import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.clients.admin.AlterConfigOp.OpType;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.message.AlterConfigsRequestData;
import org.apache.kafka.common.message.AlterConfigsResponseData;
import org.apache.kafka.common.message.DescribeConfigsRequestData;
import org.apache.kafka.common.message.DescribeConfigsRequestData.DescribeConfigsResource;
import org.apache.kafka.common.message.DescribeConfigsResponseData;
import org.apache.kafka.common.message.DescribeConfigsResponseData.DescribeConfigsResourceResult;
import org.apache.kafka.common.message.DescribeConfigsResponseData.DescribeConfigsResult;
import org.apache.kafka.common.message.IncrementalAlterConfigsRequestData;
import org.apache.kafka.common.message.IncrementalAlterConfigsRequestData.AlterConfigsResource;
import org.apache.kafka.common.message.IncrementalAlterConfigsRequestData.AlterableConfig;
import org.apache.kafka.common.message.IncrementalAlterConfigsResponseData;
import org.apache.kafka.common.message.IncrementalAlterConfigsResponseData.AlterConfigsResourceResponse;
import org.apache.kafka.common.message.ListConfigResourcesRequestData;
import org.apache.kafka.common.message.ListConfigResourcesResponseData;
import org.apache.kafka.common.protocol.Errors;
import org.jspecify.annotations.Nullable;

/** Calls of the handlers of configs, with answers as text. */
record ConfigCalls(HandlerWorld world) {
  /** "NONE null", or error and message. */
  String alter(
      ConfigResource.Type type, String name, OpType operation, String key, @Nullable String value) {
    AlterConfigsResource resource =
        new AlterConfigsResource().setResourceType(type.id()).setResourceName(name);
    resource
        .configs()
        .add(new AlterableConfig().setName(key).setConfigOperation(operation.id()).setValue(value));
    IncrementalAlterConfigsRequestData request = new IncrementalAlterConfigsRequestData();
    request.resources().add(resource);
    AlterConfigsResourceResponse response =
        world
            .call(
                new IncrementalAlterConfigsHandler(alterations()),
                1,
                request,
                IncrementalAlterConfigsResponseData.class)
            .responses()
            .getFirst();
    return Errors.forCode(response.errorCode()) + " " + response.errorMessage();
  }

  String set(ConfigResource.Type type, String name, String key, String value) {
    return alter(type, name, OpType.SET, key, value);
  }

  /** By the older request, with all that the resource is to have: key, value, key, value. */
  String replace(ConfigResource.Type type, String name, String... keysAndValues) {
    AlterConfigsRequestData.AlterConfigsResource resource =
        new AlterConfigsRequestData.AlterConfigsResource()
            .setResourceType(type.id())
            .setResourceName(name);
    for (int i = 0; i < keysAndValues.length; i += 2) {
      resource
          .configs()
          .add(
              new AlterConfigsRequestData.AlterableConfig()
                  .setName(keysAndValues[i])
                  .setValue(keysAndValues[i + 1]));
    }
    AlterConfigsRequestData request = new AlterConfigsRequestData();
    request.resources().add(resource);
    var response =
        world
            .call(
                new AlterConfigsHandler(alterations()), 2, request, AlterConfigsResponseData.class)
            .responses()
            .getFirst();
    return Errors.forCode(response.errorCode()) + " " + response.errorMessage();
  }

  /** "key=value {SOURCE:name=value, ...}" of the keys asked for, all if none. */
  List<String> describe(ConfigResource.Type type, String name, String... keys) {
    List<String> lines = new ArrayList<>();
    for (DescribeConfigsResourceResult each : described(type, name, keys).configs()) {
      lines.add(
          each.name()
              + "="
              + each.value()
              + (each.isSensitive() ? " sensitive" : "")
              + (each.readOnly() ? " read-only" : "")
              + " "
              + each.synonyms().stream()
                  .map(s -> s.source() + ":" + s.name() + "=" + s.value())
                  .toList());
    }
    return lines;
  }

  DescribeConfigsResult described(ConfigResource.Type type, String name, String... keys) {
    DescribeConfigsRequestData request =
        new DescribeConfigsRequestData().setIncludeSynonyms(true).setIncludeDocumentation(true);
    request
        .resources()
        .add(
            new DescribeConfigsResource()
                .setResourceType(type.id())
                .setResourceName(name)
                .setConfigurationKeys(keys.length == 0 ? null : List.of(keys)));
    return world
        .call(
            new DescribeConfigsHandler(world.metadata::image, world.configs),
            4,
            request,
            DescribeConfigsResponseData.class)
        .results()
        .getFirst();
  }

  /** "TYPE name" each; of all types if none is named. */
  List<String> list(int version, ConfigResource.Type... types) {
    ListConfigResourcesRequestData request = new ListConfigResourcesRequestData();
    for (ConfigResource.Type type : types) {
      request.resourceTypes().add(type.id());
    }
    return world
        .call(
            new ListConfigResourcesHandler(world.metadata::image),
            version,
            request,
            ListConfigResourcesResponseData.class)
        .configResources()
        .stream()
        .map(each -> ConfigResource.Type.forId(each.resourceType()) + " " + each.resourceName())
        .toList();
  }

  private ConfigAlterations alterations() {
    return new ConfigAlterations(world.metadata, world.configs, world.policies);
  }
}
