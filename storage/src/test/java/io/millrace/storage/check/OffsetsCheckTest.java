package io.millrace.storage.check;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.storage.Finding;
import io.millrace.storage.Finding.Kind;
import io.millrace.storage.Finding.Range;
import io.millrace.storage.PartitionId;
import io.millrace.storage.check.OffsetsCheck.Held;
import io.millrace.storage.metadata.MetadataImage.Checkpoint;
import io.millrace.storage.metadata.MetadataImage.Partition;
import java.util.List;
import java.util.Optional;
import org.apache.kafka.common.Uuid;
import org.junit.jupiter.api.Test;

class OffsetsCheckTest {
  private static final PartitionId ID = new PartitionId(new Uuid(1, 2), 3);

  private static Partition partition(long logStart, long checkpoint) {
    return new Partition(
        Optional.empty(),
        Optional.empty(),
        0,
        0,
        logStart,
        List.of(),
        Optional.empty(),
        List.of(),
        checkpoint == 0
            ? Optional.empty()
            : Optional.of(new Checkpoint("checkpoint", 1, 2, checkpoint)));
  }

  private static Held object(long from, long to) {
    return new Held("object" + from, new Range(ID, from, to), true);
  }

  private static Held log(long from, long to) {
    return new Held("log", new Range(ID, from, to), false);
  }

  private static List<Finding> check(long logStart, long checkpoint, Held... held) {
    return OffsetsCheck.run(ID, partition(logStart, checkpoint), List.of(held));
  }

  private static void assertFound(List<Finding> found, Kind kind, String key, long from, long to) {
    assertThat(found).hasSize(1);
    assertThat(found.getFirst().kind()).isEqualTo(kind);
    assertThat(found.getFirst().key()).isEqualTo(key);
    assertThat(found.getFirst().range()).contains(new Range(ID, from, to));
  }

  @Test
  void offsetsWithoutAGapAreAsTheyShouldBe() {
    assertThat(check(0, 0)).isEmpty();
    assertThat(check(0, 0, log(20, 30), object(10, 20), object(0, 10))).isEmpty();
    assertThat(check(12, 20, object(10, 20), log(20, 21))).isEmpty();
    assertThat(check(15, 20, object(20, 25))).as("emptied to 20").hasSize(1);
    assertThat(check(20, 20, object(20, 25))).isEmpty();
    assertThat(check(30, 30)).as("emptied").isEmpty();
  }

  @Test
  void whatNothingSpeaksOfIsMissing() {
    assertFound(check(0, 0, object(0, 10), object(12, 20)), Kind.MISSING, "object12", 10, 12);
    assertFound(check(0, 0, object(0, 10), log(11, 12)), Kind.MISSING, "log", 10, 11);
    assertFound(check(0, 0, object(5, 10)), Kind.MISSING, "object5", 0, 5);
    assertFound(check(7, 20, object(0, 10)), Kind.MISSING, "checkpoint", 10, 20);
    assertFound(check(4, 10, object(0, 2)), Kind.MISSING, "checkpoint", 4, 10);
  }

  @Test
  void whatIsDroppedMustStandInACheckpoint() {
    assertFound(check(5, 3, object(5, 10)), Kind.MISSING, "checkpoint", 3, 5);
    assertFound(check(5, 3), Kind.MISSING, "checkpoint", 3, 5);
    assertThat(check(5, 5, object(5, 10))).isEmpty();
    assertThat(check(5, 0, log(0, 7))).as("the log itself tells").isEmpty();
  }

  @Test
  void nothingIsThereTwice() {
    assertFound(check(0, 0, object(0, 10), object(8, 12)), Kind.DAMAGED, "object8", 8, 10);
    assertFound(check(0, 0, object(0, 10), log(8, 9)), Kind.DAMAGED, "log", 8, 9);
  }
}
