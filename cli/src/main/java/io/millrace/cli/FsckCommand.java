package io.millrace.cli;

import io.millrace.broker.StartException;
import io.millrace.broker.StoreView;
import io.millrace.storage.Finding;
import io.millrace.storage.Finding.Kind;
import io.millrace.storage.Finding.Range;
import io.millrace.storage.check.StoreCheck;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataImage.Topic;
import io.millrace.storage.metadata.NewerVersionException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/** {@code millrace fsck}: proves all of a store, or says what is wrong with which offsets. */
final class FsckCommand {
  private static final String REPAIR = "--repair";

  private final PrintStream out;

  FsckCommand(PrintStream out) {
    this.out = out;
  }

  /**
   * @throws StartException if the arguments are wrong, or something is damaged or missing
   */
  void run(List<String> arguments) throws StartException {
    InspectionArguments given = InspectionArguments.parse(arguments, Set.of(), Set.of(REPAIR));
    if (!given.words().isEmpty()) {
      throw new StartException("fsck takes no argument '" + given.words().getFirst() + "'");
    }
    try (StoreView view = StoreView.open(given.store())) {
      StoreCheck.Report report = check(view);
      if (given.flags().contains(REPAIR) && wrong(report) > 0 && report.image().isPresent()) {
        List<Path> copies = view.quarantine(report.image().get());
        copies.forEach(copy -> out.println("quarantined " + copy));
        report = copies.isEmpty() ? report : check(view);
      }
      if (wrong(report) > 0) {
        throw new StartException(
            "The store is damaged: %d findings; `millrace help` says what --repair can do."
                .formatted(wrong(report)));
      }
    } catch (NewerVersionException e) {
      throw new StartException(String.valueOf(e.getMessage()), e);
    }
  }

  private StoreCheck.Report check(StoreView view) {
    StoreCheck.Report report = new StoreCheck(view.store(), view.isShared()).run();
    report.findings().forEach(finding -> out.println(line(finding, report.image())));
    report.image().ifPresent(image -> out.println(summary(report, image)));
    return report;
  }

  private static long wrong(StoreCheck.Report report) {
    return report.findings().stream().filter(each -> each.kind() != Kind.NOTE).count();
  }

  private static String line(Finding finding, Optional<MetadataImage> image) {
    String where = finding.range().map(range -> name(range, image) + ": ").orElse("");
    return "%s %s: %s%s"
        .formatted(
            finding.kind().name().toLowerCase(Locale.ROOT), finding.key(), where, finding.what());
  }

  private static String name(Range range, Optional<MetadataImage> image) {
    Topic topic = image.map(i -> i.topic(range.partition().topicId())).orElse(null);
    String partition =
        topic == null
            ? range.partition().toString()
            : topic.name() + "-" + range.partition().partition();
    return "%s offsets %d to %d".formatted(partition, range.from(), range.to() - 1);
  }

  private static String summary(StoreCheck.Report report, MetadataImage image) {
    int partitions = image.topics().values().stream().mapToInt(t -> t.partitions().size()).sum();
    return "Checked as of metadata entry %d: %d topics with %d partitions in %d objects (%d bytes), %d log entries; %d objects are not listed."
        .formatted(
            image.entryNumber(),
            image.topics().size(),
            partitions,
            report.objects(),
            report.bytes(),
            report.logEntries(),
            report.unlisted());
  }
}
