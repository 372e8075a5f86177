package io.millrace.objectstore.location;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.millrace.objectstore.FolderClaim;
import io.millrace.runtime.Environment;
import io.millrace.runtime.simulated.SimulatedMachine;
import io.millrace.runtime.simulated.SimulatedScheduler;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class SharedStoreTest {
  private static final Path FOLDER = Path.of("/srv/store");
  private static final StoreLocation LOCATION = new StoreLocation.Directory(FOLDER);

  private final SimulatedMachine machine =
      new SimulatedMachine(new SimulatedScheduler(1), "machine");
  private final Environment environment = machine.startProcess();
  private final FolderClaim claim = new FolderClaim(machine.disk(), FOLDER);

  @Test
  void aFolderIsMarkedAsSharedForAllThatFollow() throws Exception {
    SharedStore.open(LOCATION, environment).close();
    assertThat(claim.shared()).isTrue();

    SharedStore.open(LOCATION, environment).close();

    machine.losePower();
    machine.startProcess();
    assertThat(claim.shared()).isTrue();
  }

  @Test
  void theFolderOfABrokerOnItsOwnIsRefused() throws Exception {
    machine.disk().createDirectories(FOLDER);
    machine.disk().lock(claim.lock()).close();

    assertThatIllegalArgumentException()
        .isThrownBy(() -> SharedStore.open(LOCATION, environment))
        .withMessageContaining("--data /srv/store");
    assertThat(claim.shared()).isFalse();
  }
}
