package io.millrace.storage.recovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.storage.metadata.NewerVersionException;
import io.millrace.storage.metadata.ObjectInfo;
import io.millrace.storage.wal.HeldStore;
import io.millrace.storage.wal.ObjectWalWorld;
import io.millrace.storage.wal.SealCodec;
import io.millrace.storage.wal.SealedWalFile;
import io.millrace.storage.wal.TestBatch;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ObjectLogRecoveryTest {
  private final ObjectWalWorld world = new ObjectWalWorld(31);
  private final HeldStore store = world.store;
  private final List<TestBatch> batches = new ArrayList<>();

  @BeforeEach
  void open() {
    world.open();
  }

  private void write(int entries) {
    for (int i = 0; i < entries; i++) {
      TestBatch batch = world.send(i % 2, 500);
      batches.add(batch);
      assertThat(world.runUntil(() -> batch.durable)).isTrue();
    }
  }

  private AbstractThrowableAssert<?, ? extends Throwable> assertStopped() {
    CompletableFuture<RecoveredLog> recovered = world.seal().thenCompose(world::recover);
    assertThat(world.runUntil(recovered::isDone)).isTrue();
    return assertThatThrownBy(recovered::join).cause();
  }

  private void replace(long sequence, byte[] body) {
    store.memory.delete(world.key(sequence));
    store.put(world.key(sequence), ByteBuffer.wrap(body));
  }

  @Test
  void theEntriesAboveTheTrimAreTheLogAndLevelZeroAsTheyLie() {
    // given
    write(6);
    world.await(world.wal().roll());
    write(7);
    List<ObjectInfo> published =
        world.published.stream().flatMap(List::stream).map(SealedWalFile::object).toList();

    // when
    long end = world.await(world.seal());
    RecoveredLog log = world.await(world.recover(end));

    // then
    assertThat(log.endSequence()).isEqualTo(12);
    assertThat(log.objects())
        .extracting(ObjectInfo::key)
        .containsExactlyElementsOf(
            java.util.stream.LongStream.rangeClosed(published.size(), 12)
                .mapToObj(world::key)
                .toList());
    for (int partition = 0; partition < 2; partition++) {
      var id = TestBatch.partition(partition);
      assertThat(world.found(id, log.objects()))
          .usingElementComparator(java.util.Arrays::compare)
          .containsExactlyElementsOf(
              batches.stream()
                  .filter(batch -> batch.partition().equals(id))
                  .map(TestBatch::array)
                  .toList());
    }
  }

  @Test
  void itGivesWhatTheWriterItselfWouldHavePublished() {
    write(5);
    RecoveredLog log = world.await(world.recover(world.await(world.seal())));
    world.await(world.wal().roll());
    assertThat(log.objects())
        .isEqualTo(
            world.published.stream().flatMap(List::stream).map(SealedWalFile::object).toList());
  }

  @Test
  void anEmptyLogEndsAtItsTrim() {
    write(3);
    world.await(world.wal().roll());
    RecoveredLog log = world.await(world.recover(world.await(world.seal())));
    assertThat(log.endSequence()).isEqualTo(world.trim());
    assertThat(log.objects()).isEmpty();
  }

  @Test
  void aFlippedBitAnywhereInAnEntryObjectStopsItAndIsNamed() {
    write(3);
    byte[] sound = store.bytes(world.key(1));
    TestBatch batch = batches.get(1);
    for (int at = 0; at < sound.length; at += 13) {
      byte[] damaged = sound.clone();
      damaged[at] ^= (byte) (1 << at % 8);
      replace(1, damaged);
      var stopped = assertStopped();
      stopped
          .as("byte %d", at)
          .isInstanceOf(WalCorruptException.class)
          .hasMessageContaining(world.key(1));
      if (at >= 92) {
        stopped.hasMessageContaining(batch.partition() + " offset " + batch.baseOffset);
      }
    }
  }

  @Test
  void aSoundFooterThatSaysSomethingElseStopsIt() {
    // given the footer of another entry of the same size
    write(4);
    byte[] mixed = store.bytes(world.key(1));
    byte[] other = store.bytes(world.key(3));
    int entryBytes = ByteBuffer.wrap(mixed).getInt(40) + ByteBuffer.wrap(mixed).getInt(44);
    assertThat(other).hasSameSizeAs(mixed);
    System.arraycopy(other, entryBytes, mixed, entryBytes, mixed.length - entryBytes);
    replace(1, mixed);

    // then
    assertStopped()
        .isInstanceOf(WalCorruptException.class)
        .hasMessageContaining(world.key(1))
        .hasMessageContaining("footer");
  }

  @Test
  void aCutEntryObjectStopsIt() {
    write(2);
    byte[] sound = store.bytes(world.key(1));
    for (int length = 40; length < sound.length; length += 50) {
      replace(1, java.util.Arrays.copyOf(sound, length));
      assertStopped().isInstanceOf(WalCorruptException.class).hasMessageContaining(world.key(1));
    }
  }

  @Test
  void anEntryUnderAnotherNumberStopsIt() {
    write(3);
    replace(1, store.bytes(world.key(2)));
    assertStopped().isInstanceOf(WalCorruptException.class).hasMessageContaining(world.key(1));
  }

  @Test
  void offsetsThatAreNotDenseStopIt() {
    // given entry 4 follows entry 0 in partition 0, entry 2 is not there
    write(5);
    byte[] fourth = store.bytes(world.key(4));
    ByteBuffer asSecond = ByteBuffer.wrap(fourth);
    asSecond.putLong(24, 2).putLong(32, 1).putInt(52, 0);
    int entryBytes = asSecond.getInt(40) + asSecond.getInt(44);
    var crc = new java.util.zip.CRC32C();
    crc.update(fourth, 0, entryBytes);
    asSecond.putInt(52, (int) crc.getValue());
    replace(2, fourth);

    // then
    assertStopped()
        .isInstanceOf(WalCorruptException.class)
        .hasMessageContaining(world.key(2))
        .hasMessageContaining("offset 2")
        .hasMessageContaining("offset 1");
  }

  @Test
  void aMissingEntryThatALaterOneCallsDurableStopsItAndIsNamed() {
    // given the store lost number 2
    write(6);
    store.memory.delete(world.key(2));

    // then
    assertStopped()
        .isInstanceOf(WalCorruptException.class)
        .hasMessageContaining(world.key(2))
        .hasMessageContaining(TestBatch.partition(1) + " offset 0");
  }

  @Test
  void entriesBehindTheEndThatKnewNothingOfItAreNoDamage() {
    // given numbers 2 to 9 under way at once, number 2 does not arrive
    write(2);
    store.held = true;
    for (int i = 0; i < 8; i++) {
      world.send(0, 17_000);
      world.step();
    }
    assertThat(store.puts).hasSize(8);
    List.copyOf(store.puts.subList(1, 8)).forEach(HeldStore.Call::answer);
    store.held = false;

    // then
    long end = world.await(world.seal());
    assertThat(end).isEqualTo(1);
    assertThat(world.await(world.recover(end)).objects()).hasSize(2);
  }

  @Test
  void anEntryThatIsGoneStopsIt() {
    write(3);
    long end = world.await(world.seal());
    store.memory.delete(world.key(1));
    CompletableFuture<RecoveredLog> recovered = world.recover(end);
    assertThat(world.runUntil(recovered::isDone)).isTrue();
    assertThatThrownBy(recovered::join)
        .hasCauseInstanceOf(WalCorruptException.class)
        .hasMessageContaining(world.key(1));
  }

  @Test
  void anEntryOfALaterVersionIsToldFromDamage() {
    write(2);
    byte[] body = store.bytes(world.key(1));
    ByteBuffer later = ByteBuffer.wrap(body);
    later.putShort(4, (short) 2).putInt(52, 0);
    var crc = new java.util.zip.CRC32C();
    crc.update(body, 0, later.getInt(40) + later.getInt(44));
    later.putInt(52, (int) crc.getValue());
    replace(1, body);
    assertStopped().isInstanceOf(NewerVersionException.class).hasMessageContaining(world.key(1));
  }

  @Test
  void readsWithoutAnswerAreMadeAgain() {
    // given
    write(3);
    long end = world.await(world.seal());
    store.held = true;
    CompletableFuture<RecoveredLog> recovered = world.recover(end);
    for (int round = 0; round < 5; round++) {
      world.settle();
      List<HeldStore.Call<?>> calls = List.copyOf(store.gets);
      store.gets.clear();
      calls.forEach(HeldStore.Call::loseRequest);
    }

    // when
    store.held = false;

    // then
    assertThat(world.await(recovered).objects()).hasSize(3);
    assertThat(
            SealCodec.isSeal(ByteBuffer.wrap(store.bytes(world.key(3))), ObjectWalWorld.WRITER, 3))
        .isTrue();
  }
}
