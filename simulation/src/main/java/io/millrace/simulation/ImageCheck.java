package io.millrace.simulation;

import io.millrace.runtime.simulated.SimulatedDisk;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataImage.Partition;
import io.millrace.storage.metadata.MetadataImage.Topic;
import io.millrace.storage.metadata.ObjectInfo;
import java.nio.file.Path;

/** I8: what the newest image names is on the disk, and whole. */
final class ImageCheck {
  private final SimulatedDisk disk;
  private final Path store = BrokerHost.DATA.resolve("store");
  private long checkedEntry = -1;

  ImageCheck(SimulatedDisk disk) {
    this.disk = disk;
  }

  void check(MetadataImage image) {
    if (image.entryNumber() == checkedEntry) {
      return;
    }
    checkedEntry = image.entryNumber();
    for (ObjectInfo object : image.objects().values()) {
      require(object.key(), object.sizeBytes(), image);
    }
    for (Topic topic : image.topics().values()) {
      for (Partition partition : topic.partitions()) {
        partition
            .checkpoint()
            .ifPresent(checkpoint -> require(checkpoint.key(), checkpoint.sizeBytes(), image));
      }
    }
  }

  private void require(String key, long sizeBytes, MetadataImage image) {
    long found = disk.fileBytes(store.resolve(key));
    if (found < sizeBytes) {
      throw new Violation(
          "I8: the image at entry %d names %s of %d bytes; there are %d"
              .formatted(image.entryNumber(), key, sizeBytes, found));
    }
  }
}
