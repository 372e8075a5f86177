package io.millrace.storage.metadata;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.storage.WriterId;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** An image that moves by one command per entry. */
public final class ImageWorld {
  private MetadataImage image = MetadataImage.EMPTY;

  public MetadataImage image() {
    return image;
  }

  public MetadataImage.Incarnation incarnation(WriterId writer) {
    return Objects.requireNonNull(image.incarnations().get(writer));
  }

  public void applied(WriterId issuer, MetadataRecord record) {
    assertThat(issue(issuer, record)).as("reason why %s is void", record).isNull();
  }

  void isVoid(WriterId issuer, MetadataRecord record) {
    MetadataImage before = image;
    assertThat(issue(issuer, record)).as("reason why %s is void", record).isNotNull();
    assertThat(withoutEntry(image)).isEqualTo(withoutEntry(before));
  }

  public @Nullable String issue(WriterId issuer, MetadataRecord record) {
    return apply(new Command(issuer, new ImageDraft(image).nextCommand(issuer), record));
  }

  /** As {@link ImageDraft#apply} says, with the entry round the command. */
  @Nullable String apply(Command command) {
    String reason = new ImageDraft(image).apply(command);
    Entry entry =
        new Entry(image.entryNumber() + 1, image.entryHash(), command.issuer(), List.of(command));
    image = ImageDraft.apply(image, entry, Hashes.of(EntryCodec.encode(entry)));
    return reason;
  }

  private static MetadataImage withoutEntry(MetadataImage image) {
    return new ImageDraft(image).image(0, 0);
  }
}
