package io.millrace.broker.handler;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.storage.metadata.MetadataLog;
import io.millrace.storage.metadata.MetadataRecord.IncarnationFenced;
import java.util.Map;
import org.apache.kafka.common.message.DescribeClusterRequestData;
import org.apache.kafka.common.message.DescribeClusterResponseData;
import org.apache.kafka.common.protocol.Errors;
import org.junit.jupiter.api.Test;

class DescribeClusterHandlerTest {
  private final HandlerWorld world = new HandlerWorld(Map.of());
  private final DescribeClusterHandler handler = new DescribeClusterHandler(world.metadata);

  @Test
  void theClusterIsDescribedInEveryVersion() {
    for (int version = 0; version <= 2; version++) {
      DescribeClusterResponseData response = call(version, new DescribeClusterRequestData());

      assertThat(response.clusterId()).isEqualTo(HandlerWorld.CLUSTER.toString());
      assertThat(response.controllerId()).isEqualTo(1);
      assertThat(response.brokers())
          .extracting(b -> b.brokerId() + "@" + b.host())
          .containsExactly("1@broker1.example");
    }
  }

  @Test
  void fencedBrokersAreShownOnlyWhenAskedFor() {
    MetadataLog second = world.start(2);
    world.commit(new IncarnationFenced(second.writer()));

    assertThat(call(2, new DescribeClusterRequestData()).brokers()).hasSize(1);
    assertThat(call(2, new DescribeClusterRequestData().setIncludeFencedBrokers(true)).brokers())
        .extracting(b -> b.brokerId() + " " + b.isFenced())
        .containsExactly("1 false", "2 true");
  }

  @Test
  void thereAreNoControllerEndpoints() {
    DescribeClusterResponseData controllers =
        call(1, new DescribeClusterRequestData().setEndpointType((byte) 2));
    DescribeClusterResponseData other =
        call(1, new DescribeClusterRequestData().setEndpointType((byte) 9));

    assertThat(Errors.forCode(controllers.errorCode())).isEqualTo(Errors.MISMATCHED_ENDPOINT_TYPE);
    assertThat(Errors.forCode(other.errorCode())).isEqualTo(Errors.UNSUPPORTED_ENDPOINT_TYPE);
    assertThat(other.errorMessage()).isEqualTo("Unsupported endpoint type 9");
  }

  private DescribeClusterResponseData call(int version, DescribeClusterRequestData request) {
    return world.call(handler, version, request, DescribeClusterResponseData.class);
  }
}
