package io.millrace.broker.config;

import io.millrace.runtime.Disk;
import io.millrace.runtime.Disk.DiskFile;
import io.millrace.runtime.Disk.Mode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** Reads small text files in the encoding of Java properties files, ISO 8859-1. */
@FunctionalInterface
public interface TextFiles {
  /** Largest file that is read. */
  int BYTES_MAX = 1 << 20;

  String read(Path path) throws IOException;

  /** Files of this disk. */
  static TextFiles of(Disk disk) {
    return path -> {
      try (DiskFile file = disk.open(path, Mode.READ)) {
        if (file.size() > BYTES_MAX) {
          throw new IOException("larger than " + BYTES_MAX + " bytes");
        }
        ByteBuffer bytes = ByteBuffer.allocate((int) file.size());
        while (bytes.hasRemaining()) {
          if (file.read(bytes, bytes.position()) < 0) {
            break;
          }
        }
        return new String(bytes.array(), 0, bytes.position(), StandardCharsets.ISO_8859_1);
      }
    };
  }

  /** No files at all. */
  static TextFiles none() {
    return path -> {
      throw new IOException("no files here");
    };
  }
}
