package io.millrace.storage.object;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.storage.PartitionId;
import io.millrace.storage.WriterId;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.ObjectInfo;
import io.millrace.storage.object.MergePlan.Compaction;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.common.Uuid;
import org.junit.jupiter.api.Test;

class MergeSetbacksTest {
  private static final PartitionId A = new PartitionId(new Uuid(1, 1), 0);
  private static final PartitionId B = new PartitionId(new Uuid(1, 1), 1);
  private static final ObjectInfo OBJECT =
      new ObjectInfo("data/1", 1, new WriterId(1, 1), 10, 5, 5, 0, A, B, 0, 1);

  private final MergeSetbacks setbacks = new MergeSetbacks();

  private static MergePlan compaction(PartitionId... ids) {
    return new MergePlan(
        List.of(OBJECT),
        1,
        false,
        Stream.of(ids)
            .collect(
                Collectors.toMap(Function.identity(), _ -> new Compaction(0, 1, 1, 0, 0, 100))));
  }

  @Test
  void partitionsWhoseCompactionFailedTogetherAreTriedAlone() {
    setbacks.onDamage(compaction(A, B));

    assertThat(Stream.of(A, B)).allMatch(setbacks::mayCompact).allMatch(setbacks::mustBeAlone);
    setbacks.onDamage(compaction(A));
    assertThat(setbacks.mayCompact(A)).isFalse();
    assertThat(setbacks.mayCompact(B)).isTrue();
  }

  @Test
  void whatIsListedNoMoreKeepsNobodyFromBeingCompacted() {
    setbacks.onDamage(compaction(A));
    setbacks.onDamage(compaction(A));
    assertThat(setbacks.mayCompact(A)).isFalse();

    setbacks.onImage(MetadataImage.EMPTY);

    assertThat(setbacks.mayCompact(A)).isTrue();
    assertThat(setbacks.mustBeAlone(A)).isFalse();
  }

  @Test
  void aSuspectOfManyIsNotLeftForOneFailureAlone() {
    ObjectInfo other = new ObjectInfo("data/2", 1, new WriterId(1, 1), 10, 5, 5, 0, A, B, 0, 1);
    setbacks.onDamage(new MergePlan(List.of(OBJECT, other), 1));

    setbacks.onDamage(new MergePlan(List.of(OBJECT), 1));

    assertThat(setbacks.mayMerge(OBJECT)).as("it may have been the output").isTrue();
    setbacks.onDamage(new MergePlan(List.of(OBJECT), 1));
    assertThat(setbacks.mayMerge(OBJECT)).isFalse();
    assertThat(setbacks.mayMerge(other)).isTrue();
  }

  @Test
  void whatFailsAloneTwiceIsLeftAsItIs() {
    setbacks.onDamage(new MergePlan(List.of(OBJECT), 1));
    assertThat(setbacks.mayMerge(OBJECT)).isTrue();
    assertThat(setbacks.apart(List.of(OBJECT, OBJECT))).containsExactly(OBJECT);

    setbacks.onDamage(new MergePlan(List.of(OBJECT), 1));

    assertThat(setbacks.mayMerge(OBJECT)).isFalse();
    assertThat(setbacks.mayDrop(OBJECT)).isTrue();
    setbacks.onImage(MetadataImage.EMPTY);
    assertThat(setbacks.mayMerge(OBJECT)).isTrue();
  }
}
