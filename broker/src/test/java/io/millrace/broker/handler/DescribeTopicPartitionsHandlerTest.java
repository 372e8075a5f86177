package io.millrace.broker.handler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.errors.InvalidRequestException;
import org.apache.kafka.common.message.DescribeTopicPartitionsRequestData;
import org.apache.kafka.common.message.DescribeTopicPartitionsRequestData.Cursor;
import org.apache.kafka.common.message.DescribeTopicPartitionsRequestData.TopicRequest;
import org.apache.kafka.common.message.DescribeTopicPartitionsResponseData;
import org.apache.kafka.common.protocol.Errors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class DescribeTopicPartitionsHandlerTest {
  private final HandlerWorld world = new HandlerWorld(Map.of());
  private final DescribeTopicPartitionsHandler handler =
      new DescribeTopicPartitionsHandler(world.metadata, 100);

  @BeforeEach
  void twoTopics() {
    world.createTopic("alpha", 1, 1, 1);
    world.createTopic("col", 1);
  }

  @Test
  void allTopicsComeInOrderOfTheirNames() {
    assertThat(shown(call(request(2000)))).containsExactly("alpha 0 1 2", "col 0", "next null");
  }

  @Test
  void aFullPageSaysWhereTheNextBegins() {
    assertThat(shown(call(request(2, "col", "alpha", "nosuch"))))
        .containsExactly("alpha 0 1", "next alpha-2");
    assertThat(shown(call(request(3, "col", "alpha", "nosuch"))))
        .containsExactly("alpha 0 1 2", "next col-0");
    assertThat(shown(call(request(4, "col", "alpha", "nosuch"))))
        .containsExactly("alpha 0 1 2", "col 0", "next nosuch-0");
    assertThat(shown(call(request(0, "col", "alpha")))).containsExactly("alpha 0", "next alpha-1");
  }

  @Test
  void aPageBeginsAtTheCursor() {
    assertThat(shown(call(request(2, "col", "alpha", "nosuch").setCursor(cursor("alpha", 2)))))
        .containsExactly("alpha 2", "col 0", "next nosuch-0");
    assertThat(shown(call(request(9, "col", "alpha").setCursor(cursor("alpha", 9)))))
        .containsExactly("alpha", "col 0", "next null");
    assertThat(shown(call(request(9).setCursor(cursor("b", 0)))))
        .containsExactly("col 0", "next null");
  }

  @Test
  void theBrokersLimitGoesBeforeTheClients() {
    DescribeTopicPartitionsHandler small = new DescribeTopicPartitionsHandler(world.metadata, 2);

    DescribeTopicPartitionsResponseData response =
        world.call(small, 0, request(2000), DescribeTopicPartitionsResponseData.class);

    assertThat(shown(response)).containsExactly("alpha 0 1", "next alpha-2");
  }

  @Test
  void unknownAndBadNamesAreTold() {
    DescribeTopicPartitionsResponseData response = call(request(9, "nosuch", "bad name"));

    assertThat(response.topics())
        .extracting(t -> t.name() + "=" + Errors.forCode(t.errorCode()))
        .containsExactly("bad name=INVALID_TOPIC_EXCEPTION", "nosuch=UNKNOWN_TOPIC_OR_PARTITION");
  }

  @Test
  void aCursorOutsideTheRequestIsInvalid() {
    assertThatThrownBy(() -> call(request(9, "alpha").setCursor(cursor("alpha", -1))))
        .isInstanceOf(InvalidRequestException.class);
    assertThatThrownBy(() -> call(request(9, "alpha").setCursor(cursor("aaa", 0))))
        .isInstanceOf(InvalidRequestException.class);
  }

  private DescribeTopicPartitionsResponseData call(DescribeTopicPartitionsRequestData request) {
    return world.call(handler, 0, request, DescribeTopicPartitionsResponseData.class);
  }

  private static DescribeTopicPartitionsRequestData request(int limit, String... names) {
    DescribeTopicPartitionsRequestData request =
        new DescribeTopicPartitionsRequestData().setResponsePartitionLimit(limit);
    for (String name : names) {
      request.topics().add(new TopicRequest().setName(name));
    }
    return request;
  }

  private static Cursor cursor(String topic, int partition) {
    return new Cursor().setTopicName(topic).setPartitionIndex(partition);
  }

  private static List<String> shown(DescribeTopicPartitionsResponseData response) {
    List<String> lines = new ArrayList<>();
    response
        .topics()
        .forEach(topic -> {
          StringBuilder line = new StringBuilder(topic.name());
          topic.partitions().forEach(p -> line.append(' ').append(p.partitionIndex()));
          lines.add(line.toString());
        });
    var next = response.nextCursor();
    lines.add("next " + (next == null ? "null" : next.topicName() + "-" + next.partitionIndex()));
    return lines;
  }
}
