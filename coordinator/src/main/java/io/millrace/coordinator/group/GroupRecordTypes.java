package io.millrace.coordinator.group;

import io.millrace.coordinator.RecordTypes;
import io.millrace.coordinator.RecordTypes.RecordType;
import java.util.Arrays;
import java.util.Map;
import java.util.stream.Collectors;
import org.apache.kafka.common.errors.UnsupportedVersionException;
import org.apache.kafka.coordinator.group.generated.CoordinatorRecordType;

/** The records of __consumer_offsets. */
final class GroupRecordTypes {
  private static final Map<Short, RecordType> BY_ID =
      Arrays.stream(CoordinatorRecordType.values())
          .collect(
              Collectors.toUnmodifiableMap(
                  CoordinatorRecordType::id,
                  type ->
                      new RecordType(
                          type::newRecordKey,
                          type::newRecordValue,
                          type.lowestSupportedVersion(),
                          type.highestSupportedVersion())));

  static final RecordTypes ALL =
      id -> {
        RecordType known = BY_ID.get(id);
        if (known == null) {
          throw new UnsupportedVersionException("unknown record type " + id);
        }
        return known;
      };

  private GroupRecordTypes() {}
}
