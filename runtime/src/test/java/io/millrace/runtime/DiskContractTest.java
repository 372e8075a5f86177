package io.millrace.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.runtime.Disk.DiskFile;
import io.millrace.runtime.Disk.DiskLock;
import io.millrace.runtime.Disk.LockedException;
import io.millrace.runtime.Disk.Mode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** What every disk must do; subclasses say which disk. */
abstract class DiskContractTest {

  abstract Disk disk();

  /** A folder that exists and is empty. */
  abstract Path folder();

  @Test
  void whatIsWrittenAtAPositionIsReadThere() throws IOException {
    try (DiskFile file = disk().open(folder().resolve("a"), Mode.CREATE)) {
      file.write(bytes("hello"), 3);
      file.sync();

      assertThat(file.size()).isEqualTo(8);
      assertThat(read(file, 3, 5)).isEqualTo("hello");
      assertThat(read(file, 0, 4)).isEqualTo("\0\0\0h");
    }
  }

  @Test
  void aReadStopsAtTheEndOfTheFile() throws IOException {
    try (DiskFile file = disk().open(folder().resolve("a"), Mode.CREATE)) {
      file.write(bytes("abc"), 0);

      ByteBuffer target = ByteBuffer.allocate(10);
      assertThat(file.read(target, 1)).isEqualTo(2);
      assertThat(file.read(target, 3)).isEqualTo(-1);
      assertThat(file.read(target, 100)).isEqualTo(-1);
    }
  }

  @Test
  void anOverwriteChangesOnlyItsOwnBytes() throws IOException {
    try (DiskFile file = disk().open(folder().resolve("a"), Mode.CREATE)) {
      file.write(bytes("abcdef"), 0);
      file.write(bytes("XY"), 2);

      assertThat(read(file, 0, 6)).isEqualTo("abXYef");
      assertThat(file.size()).isEqualTo(6);
    }
  }

  @Test
  void directBuffersAreReadAndWritten() throws IOException {
    try (DiskFile file = disk().open(folder().resolve("a"), Mode.CREATE)) {
      ByteBuffer source = ByteBuffer.allocateDirect(4).putInt(0, 0xCAFEBABE);
      file.write(source, 4096);
      assertThat(source.hasRemaining()).isFalse();

      ByteBuffer target = ByteBuffer.allocateDirect(4);
      assertThat(file.read(target, 4096)).isEqualTo(4);
      assertThat(target.getInt(0)).isEqualTo(0xCAFEBABE);
    }
  }

  @Test
  void modesSayWhetherTheFileMustExist() throws IOException {
    Path path = folder().resolve("a");
    assertThatThrownBy(() -> disk().open(path, Mode.READ)).isInstanceOf(NoSuchFileException.class);
    assertThatThrownBy(() -> disk().open(path, Mode.WRITE)).isInstanceOf(NoSuchFileException.class);
    disk().open(path, Mode.CREATE).close();
    assertThatThrownBy(() -> disk().open(path, Mode.CREATE))
        .isInstanceOf(FileAlreadyExistsException.class);
    disk().open(path, Mode.READ).close();
  }

  @Test
  void aLinkIsASecondNameForTheSameBytesAndNeverReplaces() throws IOException {
    Path first = create("first", "one");
    Path other = create("other", "two");
    Path second = folder().resolve("second");

    disk().link(first, second);
    disk().syncDirectory(folder());
    disk().delete(first);

    assertThat(content(second)).isEqualTo("one");
    assertThatThrownBy(() -> disk().link(other, second))
        .isInstanceOf(FileAlreadyExistsException.class);
    assertThat(content(second)).isEqualTo("one");
  }

  @Test
  void aRenameReplacesItsTarget() throws IOException {
    Path from = create("from", "new");
    Path target = create("target", "old");

    disk().rename(from, target);

    assertThat(content(target)).isEqualTo("new");
    assertThat(disk().exists(from)).isFalse();
  }

  @Test
  void anOpenFileOutlivesItsName() throws IOException {
    Path path = create("a", "kept");
    try (DiskFile file = disk().open(path, Mode.READ)) {
      disk().delete(path);
      assertThat(read(file, 0, 4)).isEqualTo("kept");
    }
  }

  @Test
  void deletingAnAbsentFileSaysSo() {
    assertThatThrownBy(() -> disk().delete(folder().resolve("absent")))
        .isInstanceOf(NoSuchFileException.class);
  }

  @Test
  void foldersAreMadeWithTheirParentsAndListedInOrder() throws IOException {
    Path deep = folder().resolve("x/y/z");
    disk().createDirectories(deep);
    disk().createDirectories(deep);
    create("b", "");
    create("a", "");

    assertThat(disk().isDirectory(deep)).isTrue();
    assertThat(disk().list(folder())).containsExactly("a", "b", "x");
    assertThat(disk().list(folder().resolve("absent"))).isEmpty();
    assertThat(disk().isDirectory(folder().resolve("a"))).isFalse();
  }

  @Test
  void emptyFoldersAreDeletedAndFullOnesAreNot() throws IOException {
    disk().createDirectories(folder().resolve("x/y"));
    assertThatThrownBy(() -> disk().delete(folder().resolve("x"))).isInstanceOf(IOException.class);
    disk().delete(folder().resolve("x/y"));
    disk().delete(folder().resolve("x"));
    assertThat(disk().exists(folder().resolve("x"))).isFalse();
  }

  @Test
  void aLockIsHeldOnceAndFreedByClosing() throws IOException {
    Path path = folder().resolve("lock");
    DiskLock held = disk().lock(path);
    assertThatThrownBy(() -> disk().lock(path)).isInstanceOf(LockedException.class);
    held.close();
    disk().lock(path).close();
  }

  @Test
  void aVolumeHasRoomOrSaysNone() throws IOException {
    Path notYet = folder().resolve("not/yet");
    assertThat(disk().freeBytes(notYet)).isPositive();
    assertThat(disk().totalBytes(notYet)).isGreaterThanOrEqualTo(disk().freeBytes(notYet));
  }

  private Path create(String name, String content) throws IOException {
    Path path = folder().resolve(name);
    try (DiskFile file = disk().open(path, Mode.CREATE)) {
      file.write(bytes(content), 0);
      file.sync();
    }
    return path;
  }

  private String content(Path path) throws IOException {
    try (DiskFile file = disk().open(path, Mode.READ)) {
      return read(file, 0, (int) file.size());
    }
  }

  private static String read(DiskFile file, long position, int length) throws IOException {
    ByteBuffer target = ByteBuffer.allocate(length);
    file.read(target, position);
    return new String(target.array(), 0, target.position(), StandardCharsets.UTF_8);
  }

  private static ByteBuffer bytes(String text) {
    return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
  }
}
