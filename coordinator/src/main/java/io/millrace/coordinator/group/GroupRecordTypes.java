package io.millrace.coordinator.group;

import io.millrace.coordinator.RecordTypes;
import org.apache.kafka.coordinator.group.generated.CoordinatorRecordType;

/** The records of __consumer_offsets. */
final class GroupRecordTypes {
  static final RecordTypes ALL =
      id -> {
        CoordinatorRecordType type = CoordinatorRecordType.fromId(id);
        return new RecordTypes.RecordType(
            type::newRecordKey,
            type::newRecordValue,
            type.lowestSupportedVersion(),
            type.highestSupportedVersion());
      };

  private GroupRecordTypes() {}
}
