package io.millrace.storage.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.storage.PartitionId;
import io.millrace.storage.WriterId;
import io.millrace.storage.cluster.PeerReply.Alive;
import io.millrace.storage.cluster.PeerReply.Committed;
import io.millrace.storage.cluster.PeerReply.Declined;
import io.millrace.storage.cluster.PeerReply.Opinion;
import io.millrace.storage.cluster.PeerRequest.Commit;
import io.millrace.storage.cluster.PeerRequest.Heartbeat;
import io.millrace.storage.cluster.PeerRequest.Suspect;
import io.millrace.storage.metadata.Command;
import io.millrace.storage.metadata.MetadataRecord.NoOp;
import io.millrace.storage.metadata.MetadataRecord.TargetLeaderSet;
import io.millrace.storage.metadata.MetadataRecord.TopicCreated;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.zip.CRC32C;
import org.apache.kafka.common.Uuid;
import org.junit.jupiter.api.Test;

class PeerCodecTest {
  private static final WriterId A = new WriterId(0x0a0a, 1);
  private static final WriterId B = new WriterId(0x0b0b, 2);
  private static final Uuid TOPIC = new Uuid(7, 70);

  private static final List<PeerRequest> REQUESTS =
      List.of(
          new Heartbeat(A, 42, 17),
          new Heartbeat(new WriterId(0, 0), 0, 0),
          new Commit(
              A,
              1L << 40,
              List.of(
                  new Command(A, 3, new NoOp()),
                  new Command(A, 4, new TargetLeaderSet(new PartitionId(TOPIC, 1), 2)),
                  new Command(
                      A,
                      5,
                      new TopicCreated(
                          TOPIC, "orders", List.of(List.of(1, 2), List.of(2)), Map.of("a", "b"))))),
          new Suspect(A, B));

  private static final List<PeerReply> REPLIES =
      List.of(
          new Alive(B, 2, 43, 1999),
          new Committed(
              List.of(Optional.empty(), Optional.of("topic 'orders' exists")),
              List.of(new byte[] {1, 2, 3}, new byte[0])),
          new Opinion(true),
          new Opinion(false),
          new Declined("this incarnation has ended"));

  private static PeerRequest request(byte[] bytes) {
    return PeerCodec.decodeRequest(ByteBuffer.wrap(bytes));
  }

  private static PeerReply reply(byte[] bytes) {
    return PeerCodec.decodeReply(ByteBuffer.wrap(bytes));
  }

  @Test
  void everyRequestAndAnswerComesBackFromItsBytes() {
    for (PeerRequest request : REQUESTS) {
      assertThat(request(PeerCodec.encode(request))).isEqualTo(request);
    }
    for (PeerReply reply : REPLIES) {
      assertThat(reply(PeerCodec.encode(reply)))
          .usingRecursiveComparison() // entries are arrays
          .isEqualTo(reply);
    }
  }

  @Test
  void theBytesOfVersionOneStayAsTheyAre() throws IOException {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (PeerRequest request : REQUESTS) {
      all.writeBytes(PeerCodec.encode(request));
    }
    for (PeerReply reply : REPLIES) {
      all.writeBytes(PeerCodec.encode(reply));
    }

    try (InputStream golden = PeerCodecTest.class.getResourceAsStream("/golden/peer-1.bin")) {
      assertThat(golden).isNotNull();
      assertThat(all.toByteArray()).isEqualTo(golden.readAllBytes());
    }
  }

  @Test
  void changedBytesAreRefusedOrReadAndNeverAnythingElse() {
    SplittableRandom random = new SplittableRandom(11);
    List<byte[]> sound = new ArrayList<>();
    REQUESTS.forEach(request -> sound.add(PeerCodec.encode(request)));
    REPLIES.forEach(reply -> sound.add(PeerCodec.encode(reply)));
    int refused = 0;

    for (int i = 0; i < 50_000; i++) {
      byte[] bytes = changed(random, sound.get(random.nextInt(sound.size())));
      try {
        request(bytes);
      } catch (PeerFormatException hostile) {
        refused++;
      }
      try {
        reply(bytes);
      } catch (PeerFormatException hostile) {
        refused++;
      }
    }

    assertThat(refused).isBetween(50_000, 100_000);
  }

  /** Some bytes, often of a length, are others; mostly with a checksum that is right. */
  private static byte[] changed(SplittableRandom random, byte[] sound) {
    byte[] bytes =
        random.nextInt(4) == 0
            ? Arrays.copyOf(sound, random.nextInt(sound.length + 8))
            : sound.clone();
    for (int i = random.nextInt(4); i > 0 && bytes.length > 10; i--) {
      int at = 6 + random.nextInt(bytes.length - 10);
      bytes[at] = (byte) (random.nextBoolean() ? random.nextInt(256) : -random.nextInt(2));
    }
    return random.nextInt(8) == 0 || bytes.length < 10 ? bytes : withCrc(bytes);
  }

  private static byte[] withCrc(byte[] bytes) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, 0, bytes.length - 4);
    ByteBuffer.wrap(bytes).putInt(bytes.length - 4, (int) crc.getValue());
    return bytes;
  }

  @Test
  void aListLongerThanAllowedIsRefusedBeforeItIsRead() {
    byte[] bytes = PeerCodec.encode(new Commit(A, 1, List.of()));
    ByteBuffer.wrap(bytes).putInt(bytes.length - 8, Integer.MAX_VALUE);

    assertThatThrownBy(() -> request(withCrc(bytes)))
        .isInstanceOf(PeerFormatException.class)
        .hasMessageContaining("at most 64 are allowed");
  }

  @Test
  void aNewerVersionIsNamed() {
    byte[] bytes = PeerCodec.encode(new Suspect(A, B));
    ByteBuffer.wrap(bytes).putShort(4, (short) 2);

    assertThatThrownBy(() -> request(withCrc(bytes)))
        .isInstanceOf(PeerFormatException.class)
        .hasMessageContaining("newer version");
  }

  @Test
  void anAnswerIsNoRequest() {
    assertThatThrownBy(() -> request(PeerCodec.encode(new Opinion(true))))
        .isInstanceOf(PeerFormatException.class)
        .hasMessageContaining("a request of another broker");
  }

  @Test
  void moreThanMayBeSentIsNotEncoded() {
    List<Command> many = new ArrayList<>();
    for (int i = 0; i <= Command.UNSETTLED_MAX; i++) {
      many.add(new Command(A, i, new NoOp()));
    }
    Map<String, String> configs = Map.of("k", "v".repeat(PeerCodec.FRAME_BYTES_MAX));
    List<Command> large =
        List.of(new Command(A, 1, new TopicCreated(TOPIC, "t", List.of(List.of(1)), configs)));

    assertThat(PeerCodec.fits(many.subList(1, many.size()))).isTrue();
    assertThat(PeerCodec.fits(many)).isFalse();
    assertThat(PeerCodec.fits(large)).isFalse();
    assertThatThrownBy(() -> PeerCodec.encode(new Commit(A, 1, many)))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> PeerCodec.encode(new Commit(A, 1, large)))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> reply(new byte[PeerCodec.FRAME_BYTES_MAX + 1]))
        .isInstanceOf(PeerFormatException.class)
        .hasMessageContaining("at most");
  }
}
