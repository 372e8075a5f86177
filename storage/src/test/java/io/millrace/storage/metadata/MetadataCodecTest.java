package io.millrace.storage.metadata;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.millrace.storage.Keys;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.function.Consumer;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;

class MetadataCodecTest {
  @Test
  void everyRecordComesBackFromItsBytes() {
    Entry entry = Samples.entry();

    Entry read = EntryCodec.decode(42, ByteBuffer.wrap(EntryCodec.encode(entry)));

    assertThat(read).isEqualTo(entry);
    assertThat(Samples.everyRecord().stream().map(RecordCodec::type)).doesNotHaveDuplicates();
    assertThat(Samples.everyRecord()).hasSize(MetadataRecord.class.getPermittedSubclasses().length);
  }

  @Test
  void anImageComesBackFromItsSnapshot() {
    MetadataImage image = Samples.image();

    MetadataImage read = SnapshotCodec.decode("k", ByteBuffer.wrap(SnapshotCodec.encode(image)));

    assertThat(read).isEqualTo(image);
  }

  @Test
  void theBytesOfVersionOneStayAsTheyAre() throws IOException {
    assertThat(EntryCodec.encode(Samples.entry())).isEqualTo(golden("metadata-entry-1.bin"));
    assertThat(Samples.boundary().encode()).isEqualTo(golden("metadata-boundary-1.bin"));
    assertThat(SnapshotCodec.encode(Samples.image())).isEqualTo(golden("metadata-snapshot-1.bin"));
  }

  @Test
  void bytesOfVersionOneAreReadable() throws IOException {
    assertThat(EntryCodec.decode(42, ByteBuffer.wrap(golden("metadata-entry-1.bin"))))
        .isEqualTo(Samples.entry());
    assertThat(Boundary.decode(3, ByteBuffer.wrap(golden("metadata-boundary-1.bin"))))
        .isEqualTo(Samples.boundary());
    assertThat(SnapshotCodec.decode("k", ByteBuffer.wrap(golden("metadata-snapshot-1.bin"))))
        .isEqualTo(Samples.image());
  }

  @Test
  void everyFlippedBitIsFoundAndTheKeyNamed() {
    byte[] bytes = EntryCodec.encode(Samples.entry());

    for (int bit = 0; bit < bytes.length * 8; bit++) {
      byte[] flipped = bytes.clone();
      flipped[bit / 8] ^= (byte) (1 << bit % 8);

      Throwable thrown = catchThrowable(() -> EntryCodec.decode(42, ByteBuffer.wrap(flipped)));

      assertThat(thrown)
          .isInstanceOfAny(MetadataCorruptException.class, NewerVersionException.class)
          .hasMessageContaining(Keys.metaEntry(42));
    }
  }

  @Test
  void anEntryCutShortIsCorrupt() {
    byte[] bytes = EntryCodec.encode(Samples.entry());

    for (int length = 0; length < bytes.length; length++) {
      ByteBuffer cut = ByteBuffer.wrap(bytes, 0, length);

      assertThatThrownBy(() -> EntryCodec.decode(42, cut))
          .isInstanceOf(MetadataCorruptException.class);
    }
  }

  @Test
  void aListLongerThanItsBytesTakesNoMemory() {
    byte[] bytes = EntryCodec.encode(Samples.entry());
    int commandCount = 4 + 2 + 8 + 8 + 16;
    byte[] hostile = changed(bytes, b -> b.putInt(commandCount, Integer.MAX_VALUE));

    assertThatThrownBy(() -> EntryCodec.decode(42, ByteBuffer.wrap(hostile)))
        .isInstanceOf(MetadataCorruptException.class)
        .hasMessageContaining("bytes expected");
  }

  @Test
  void anEntryUnderAnotherNumberIsCorrupt() {
    byte[] bytes = EntryCodec.encode(Samples.entry());

    assertThatThrownBy(() -> EntryCodec.decode(43, ByteBuffer.wrap(bytes)))
        .isInstanceOf(MetadataCorruptException.class)
        .hasMessageContaining("it holds entry 42");
  }

  @Test
  void newerFormatsAreRefusedByName() {
    byte[] entry = changed(EntryCodec.encode(Samples.entry()), b -> b.putShort(4, (short) 2));
    byte[] boundary = changed(Samples.boundary().encode(), b -> b.putShort(4, (short) 9));
    int firstRecordType = 4 + 2 + 8 + 8 + 16 + 4 + 16 + 8;
    byte[] record =
        changed(EntryCodec.encode(Samples.entry()), b -> b.putShort(firstRecordType, (short) 900));
    byte[] version =
        changed(
            EntryCodec.encode(Samples.entry()), b -> b.putShort(firstRecordType + 2, (short) 7));

    assertNewer(
        catchThrowable(() -> EntryCodec.decode(42, ByteBuffer.wrap(entry))),
        Keys.metaEntry(42),
        "format 2");
    assertNewer(
        catchThrowable(() -> Boundary.decode(3, ByteBuffer.wrap(boundary))),
        Keys.boundary(3),
        "format 9");
    assertNewer(
        catchThrowable(() -> EntryCodec.decode(42, ByteBuffer.wrap(record))),
        Keys.metaEntry(42),
        "type 900");
    assertNewer(
        catchThrowable(() -> EntryCodec.decode(42, ByteBuffer.wrap(version))),
        Keys.metaEntry(42),
        "type 1: 7");
  }

  private static void assertNewer(Throwable thrown, String key, String what) {
    assertThat(thrown)
        .isInstanceOf(NewerVersionException.class)
        .hasMessageContaining(key)
        .hasMessageContaining("written by a newer version")
        .hasMessageContaining(what);
  }

  private static byte[] changed(byte[] original, Consumer<ByteBuffer> change) {
    byte[] bytes = original.clone();
    ByteBuffer buffer = ByteBuffer.wrap(bytes);
    change.accept(buffer);
    CRC32C crc = new CRC32C();
    crc.update(bytes, 0, bytes.length - 4);
    buffer.putInt(bytes.length - 4, (int) crc.getValue());
    return bytes;
  }

  private static byte[] golden(String name) throws IOException {
    try (InputStream in = MetadataCodecTest.class.getResourceAsStream("/golden/" + name)) {
      assertThat(in).as(name).isNotNull();
      return in.readAllBytes();
    }
  }
}
