package io.millrace.storage.object;

import io.millrace.storage.PartitionId;
import io.millrace.storage.object.Footer.EpochStart;
import io.millrace.storage.object.Footer.ProducerSnapshot;
import java.util.List;

/**
 * What a checkpoint object says of one partition: everything below {@code end} that opening it
 * needs.
 *
 * @param end one past the last offset covered
 * @param epochs leader epochs with their first offsets, ascending
 * @param producers full state of every producer not expired, by producer id, ages as of writing
 */
public record PartitionCheckpoint(
    PartitionId partition, long end, List<EpochStart> epochs, List<ProducerSnapshot> producers) {}
