package io.millrace.broker.network;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class FrameAssemblerTest {
  private static final int FRAME = 1 << 20;

  private final UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(true);
  private final FrameAssembler frames = new FrameAssembler(allocator, FRAME);

  @Test
  void whatIsAnnouncedTakesNoMemory() throws FrameAssembler.FrameSizeException {
    assertThat(frames.next(Unpooled.buffer().writeInt(FRAME).writeByte(1))).isNull();

    assertThat(allocator.metric().usedDirectMemory()).isBetween(1L, 4096L);
    frames.release();
    assertThat(allocator.metric().usedDirectMemory()).isZero();
  }

  @Test
  void aFrameThatComesInPiecesIsWhole() throws FrameAssembler.FrameSizeException {
    ByteBuf stream = Unpooled.buffer().writeInt(FRAME);
    for (int i = 0; i < FRAME; i++) {
      stream.writeByte((i * 31) >> 3);
    }
    ByteBuf whole = null;
    for (int piece = 1; whole == null; piece = piece * 3 + 1) {
      whole = frames.next(stream.readSlice(Math.min(piece, stream.readableBytes())));
    }

    assertThat(Objects.requireNonNull(whole)).isEqualTo(stream.slice(4, FRAME));
    whole.release();
    assertThat(allocator.metric().usedDirectMemory()).isZero();
  }
}
