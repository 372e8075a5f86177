package io.millrace.broker.network;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.util.concurrent.DefaultEventExecutor;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.EventExecutorChooserFactory.EventExecutorChooser;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class LoopChooserTest {
  private final EventExecutor[] loops = {
    new DefaultEventExecutor(), new DefaultEventExecutor(), new DefaultEventExecutor()
  };

  @Test
  void connectionsAreSpreadOverAsManyLoopsAsAreInUse() {
    LoopChooser loopChooser = new LoopChooser(1);
    EventExecutorChooser chooser = loopChooser.newChooser(loops);
    assertThat(next(chooser, 2)).containsExactly(loops[0], loops[0]);

    loopChooser.use(2);
    assertThat(next(chooser, 4)).containsExactly(loops[0], loops[1], loops[0], loops[1]);

    loopChooser.use(9);
    assertThat(next(chooser, 3)).containsExactlyInAnyOrder(loops);
  }

  private static List<EventExecutor> next(EventExecutorChooser chooser, int times) {
    List<EventExecutor> chosen = new ArrayList<>();
    for (int i = 0; i < times; i++) {
      chosen.add(chooser.next());
    }
    return chosen;
  }
}
