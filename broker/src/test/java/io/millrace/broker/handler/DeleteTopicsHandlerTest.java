package io.millrace.broker.handler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.storage.metadata.MetadataImage;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.errors.InvalidRequestException;
import org.apache.kafka.common.errors.TopicDeletionDisabledException;
import org.apache.kafka.common.message.DeleteTopicsRequestData;
import org.apache.kafka.common.message.DeleteTopicsRequestData.DeleteTopicState;
import org.apache.kafka.common.message.DeleteTopicsResponseData;
import org.apache.kafka.common.protocol.Errors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class DeleteTopicsHandlerTest {
  private final HandlerWorld world = new HandlerWorld(Map.of());
  private final DeleteTopicsHandler handler =
      new DeleteTopicsHandler(world.metadata, true, world.quotas);

  @BeforeEach
  void oneTopic() {
    world.createTopic("a", 1);
  }

  @Test
  void aTopicIsDeletedByNameInEveryVersion() {
    for (int version = 1; version <= 6; version++) {
      world.createTopic("topic" + version, 1);
      DeleteTopicsRequestData request =
          version < 6
              ? new DeleteTopicsRequestData().setTopicNames(List.of("topic" + version))
              : new DeleteTopicsRequestData().setTopics(List.of(asked("topic6", Uuid.ZERO_UUID)));

      assertThat(shown(call(version, request))).containsExactly("topic" + version + "=NONE null");
    }
    assertThat(world.metadata.image().topicIds()).containsOnlyKeys("a");
  }

  @Test
  void aTopicIsDeletedByIdAndNamedInTheAnswer() {
    DeleteTopicsResponseData response =
        call(6, new DeleteTopicsRequestData().setTopics(List.of(asked(null, a().id()))));

    assertThat(shown(response)).containsExactly("a=NONE null");
    assertThat(world.metadata.image().topics()).isEmpty();
  }

  @Test
  void whatIsUnknownOrAskedForWronglyIsRefusedAsKafkaDoes() {
    assertThat(shown(call(1, new DeleteTopicsRequestData().setTopicNames(List.of("nosuch")))))
        .containsExactly("nosuch=UNKNOWN_TOPIC_OR_PARTITION null");
    assertThat(
            shown(
                call(5, new DeleteTopicsRequestData().setTopicNames(List.of("nosuch", "nosuch")))))
        .containsExactly("nosuch=INVALID_REQUEST Duplicate topic name.");
    assertThat(
            shown(
                call(
                    6,
                    new DeleteTopicsRequestData()
                        .setTopics(
                            List.of(
                                asked("nosuch", Uuid.ZERO_UUID),
                                asked(null, new Uuid(5, 5)),
                                asked(null, Uuid.ZERO_UUID))))))
        .containsExactly(
            "nosuch=UNKNOWN_TOPIC_OR_PARTITION This server does not host this topic-partition.",
            "null=UNKNOWN_TOPIC_ID This server does not host this topic ID.",
            "null=INVALID_REQUEST Neither topic name nor id were specified.");
    assertThat(
            shown(call(6, new DeleteTopicsRequestData().setTopics(List.of(asked("a", a().id()))))))
        .containsExactly("a=INVALID_REQUEST You may not specify both topic name and topic id.");
    assertThat(
            shown(
                call(
                    6,
                    new DeleteTopicsRequestData()
                        .setTopics(List.of(asked("a", Uuid.ZERO_UUID), asked(null, a().id()))))))
        .containsExactly(
            "a=INVALID_REQUEST The provided topic name maps to an ID that was already supplied.");
    assertThat(world.metadata.image().topicIds()).containsOnlyKeys("a");
  }

  @Test
  void nothingIsDeletedWhereDeletionIsDisabled() {
    DeleteTopicsHandler disabled = new DeleteTopicsHandler(world.metadata, false, world.quotas);
    DeleteTopicsRequestData request = new DeleteTopicsRequestData().setTopicNames(List.of("a"));

    assertThatThrownBy(() -> world.call(disabled, 5, request, DeleteTopicsResponseData.class))
        .isInstanceOf(TopicDeletionDisabledException.class);
    assertThatThrownBy(() -> world.call(disabled, 2, request, DeleteTopicsResponseData.class))
        .isInstanceOf(InvalidRequestException.class);
    assertThat(world.metadata.image().topicIds()).containsOnlyKeys("a");
  }

  private MetadataImage.Topic a() {
    return Objects.requireNonNull(world.metadata.image().topic("a"));
  }

  private DeleteTopicsResponseData call(int version, DeleteTopicsRequestData request) {
    return world.call(handler, version, request, DeleteTopicsResponseData.class);
  }

  private static DeleteTopicState asked(@Nullable String name, Uuid id) {
    return new DeleteTopicState().setName(name).setTopicId(id);
  }

  private static List<String> shown(DeleteTopicsResponseData response) {
    return response.responses().stream()
        .map(r -> r.name() + "=" + Errors.forCode(r.errorCode()) + " " + r.errorMessage())
        .toList();
  }
}
