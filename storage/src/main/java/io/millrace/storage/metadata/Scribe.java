package io.millrace.storage.metadata;

import io.millrace.storage.WriterId;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * The broker that commits for others, by convention; as the metadata log of another sees it. A
 * matter of speed only: whoever gets no answer appends by itself.
 */
public interface Scribe {
  /**
   * So many are asked, one after the other, before the commands go into an entry of the asker's.
   */
  int ASKED_MAX = 2;

  /** Everyone appends by itself. */
  Scribe NONE = (image, commands) -> CompletableFuture.completedFuture(new Answer.NotHandedOver());

  /**
   * Hands over commands of this incarnation, with consecutive numbers. From then on they are of
   * unknown fate until the image shows a command under their number, unless the answer is {@link
   * Answer.NotHandedOver}. Never completes exceptionally.
   */
  CompletableFuture<Answer> commit(MetadataImage image, List<Command> commands);

  /**
   * This incarnation has a registration to put, which cannot be handed over: asks the scribe to let
   * it have a turn, once. Nobody answers.
   */
  default void askForTurn(MetadataImage image) {}

  /**
   * An entry of this incarnation was seen that holds commands of others: one that did not answer
   * serves again, if it is newer than what was handed over.
   */
  default void onServed(WriterId by, long entryNumber) {}

  /** What came of handing over. */
  sealed interface Answer {
    /**
     * @param voidReasons per command: why it was void on the scribe's image, empty if it stands
     * @param entries bytes of entries after the image handed over, to be validated like any other
     */
    record Committed(List<Optional<String>> voidReasons, List<byte[]> entries) implements Answer {}

    /** Nothing was sent: this broker is the scribe itself, or nobody listens there. */
    record NotHandedOver() implements Answer {}

    /** No answer: it may be committed, now or later. */
    record Silent() implements Answer {}
  }
}
