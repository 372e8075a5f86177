package io.millrace.storage.wal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;

class WalAdmissionTest {
  private static final int FRAME_BYTES = 10;
  private static final ByteBuffer BYTES = TestBatch.bytes(0, 1, 20, 1);
  private static final long COST = (long) BYTES.remaining() + FRAME_BYTES;

  private final WalAdmission admission = new WalAdmission(FRAME_BYTES);

  @Test
  void whoMayUseTheReserveIsToldSoWhileHalfOfItIsLeft() {
    admission.limit(10 * COST, 4 * COST, "full");

    for (int batches = 0; batches < 8; batches++) {
      assertThat(admission.hasReserve()).isTrue();
      admission.take(batch(true));
    }

    assertThat(admission.hasReserve()).isFalse();
    admission.take(batch(true)); // who had been told before is still taken
    admission.onWritten(batch(true));
    admission.onWritten(batch(true));
    assertThat(admission.hasReserve()).isTrue();
  }

  @Test
  void othersLeaveTheReserveAlone() {
    admission.limit(10 * COST, 4 * COST, "full");
    for (int batches = 0; batches < 6; batches++) {
      admission.take(batch(false));
    }

    assertThatThrownBy(() -> admission.take(batch(false)))
        .isInstanceOf(WalFullException.class)
        .hasMessage("full");
    assertThat(admission.hasReserve()).isTrue();
    admission.reservedOnly("published late");
    assertThatThrownBy(() -> admission.take(batch(false))).hasMessage("published late");
    assertThat(admission.hasReserve()).isTrue();
    admission.plenty();
    admission.take(batch(false));
  }

  @Test
  void withoutAFileThereIsNoReserve() {
    admission.limit(0, 4 * COST, "no file");

    assertThat(admission.hasReserve()).isFalse();
  }

  private static WalBatch batch(boolean mayUseReserve) {
    return new TestBatch(TestBatch.partition(0), BYTES, mayUseReserve, () -> {});
  }
}
