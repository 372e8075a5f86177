package io.millrace.storage.object;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.storage.PartitionId;
import io.millrace.storage.object.Footer.AbortedTransaction;
import io.millrace.storage.object.Footer.PartitionFooter;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import org.apache.kafka.common.Uuid;
import org.junit.jupiter.api.Test;

class AbortedSearchTest {
  private static final PartitionId ID = new PartitionId(new Uuid(1, 2), 0);

  /** A transactional batch and what became of its transaction. */
  private record Data(long offset, long producer, int transaction) {}

  @Test
  void aReaderOfCommittedRecordsSeesExactlyThose() {
    for (long seed = 0; seed < 500; seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      List<ByteBuffer> batches = new ArrayList<>();
      List<Data> data = new ArrayList<>();
      Set<Integer> aborted = new HashSet<>();
      Map<Integer, Long> markers = new HashMap<>();
      int[] open = {-1, -1, -1};
      int transactions = 0;
      for (int offset = 0; offset < 80; offset++) {
        int p = random.nextInt(3);
        if (open[p] >= 0 && (random.nextInt(3) == 0 || offset > 70)) {
          boolean abort = random.nextBoolean();
          markers.put(open[p], (long) offset);
          batches.add(SampleBatches.marker(offset, p, 0, abort, 1));
          if (abort) {
            aborted.add(open[p]);
          }
          open[p] = -1;
        } else if (offset <= 70) {
          open[p] = open[p] < 0 ? transactions++ : open[p];
          batches.add(SampleBatches.transactional(offset, p, 0, offset, 1));
          data.add(new Data(offset, p, open[p]));
        } else {
          batches.add(SampleBatches.plain(offset, 3, 1));
        }
      }
      Set<Integer> undecided = new HashSet<>(List.of(open[0], open[1], open[2]));
      List<PartitionFooter> footers = cut(random, batches);

      long from = random.nextInt(80);
      long to = from + 1 + random.nextInt(80);
      long objectFrom =
          footers.stream().filter(f -> f.endOffset() > from).findFirst().orElseThrow().baseOffset();
      // half of the time somebody else knows of the last markers
      long markersEnd = random.nextBoolean() ? 80 : 40 + random.nextInt(40);
      AbortedSearch search = new AbortedSearch(from, to, markersEnd);
      footers.stream()
          .filter(f -> f.endOffset() > from)
          .takeWhile(f -> search.wants(f.baseOffset()))
          .forEach(search::add);

      // as a client does: an entry counts from its first offset until the producer's abort marker
      for (Data d : data) {
        boolean known = markers.getOrDefault(d.transaction(), 80L) < markersEnd;
        boolean inRange = d.offset() >= from && d.offset() < to && d.offset() >= objectFrom;
        if (inRange && known && !undecided.contains(d.transaction())) {
          assertThat(skipped(search.found(), d))
              .as("seed %d, offset %d in [%d, %d)", seed, d.offset(), from, to)
              .isEqualTo(aborted.contains(d.transaction()));
        }
      }
    }
  }

  private static boolean skipped(List<AbortedTransaction> found, Data d) {
    return found.stream()
        .anyMatch(t ->
            t.producerId() == d.producer()
                && t.firstOffset() <= d.offset()
                && d.offset() < t.lastOffset());
  }

  private static List<PartitionFooter> cut(SplittableRandom random, List<ByteBuffer> batches) {
    List<PartitionFooter> footers = new ArrayList<>();
    int from = 0;
    while (from < batches.size()) {
      int to = Math.min(batches.size(), from + 1 + random.nextInt(12));
      FooterBuilder builder = new FooterBuilder();
      long position = 0;
      for (ByteBuffer batch : batches.subList(from, to)) {
        builder.add(ID, batch, 0, position);
        position += batch.limit();
      }
      footers.add(builder.build().partitions().getFirst());
      from = to;
    }
    return footers;
  }
}
