package io.millrace.conformance;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A file system of fixed size in memory, mounted at a folder for the processes that are put inside;
 * it needs Linux, and no rights where user namespaces are allowed. Goes with {@link #close}.
 */
final class SmallVolume implements AutoCloseable {
  private final Process holder;

  private SmallVolume(Process holder) {
    this.holder = holder;
  }

  /** Empty where the machine does not allow it. */
  static Optional<SmallVolume> mount(Path folder, int mebibytes) throws IOException {
    Files.createDirectories(folder);
    Process holder =
        new ProcessBuilder(
                "unshare",
                "-rm",
                "sh",
                "-c",
                "mount -t tmpfs -o size=$1m none \"$0\" && echo mounted && exec cat",
                folder.toString(),
                String.valueOf(mebibytes))
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    if ("mounted".equals(holder.inputReader(UTF_8).readLine())) {
      return Optional.of(new SmallVolume(holder));
    }
    holder.destroyForcibly();
    return Optional.empty();
  }

  /** The command, made to run where the volume is mounted. */
  List<String> inside(List<String> command) {
    List<String> inside =
        new ArrayList<>(
            List.of(
                "nsenter",
                "-t",
                String.valueOf(holder.pid()),
                "-U",
                "-m",
                "--preserve-credentials",
                "--wd=" + Path.of("").toAbsolutePath()));
    inside.addAll(command);
    return inside;
  }

  @Override
  public void close() {
    holder.destroyForcibly();
  }
}
