package io.millrace.broker;

import io.millrace.storage.metadata.MetadataRecord.Endpoint;
import java.util.List;

/** Where a broker process has its store, and what follows from that for its lives. */
sealed interface Site extends AutoCloseable permits FolderSite, SharedSite {
  /** Whether other brokers are on the same store. */
  boolean shared();

  /**
   * The next life, not started.
   *
   * @param endpoints advertised addresses, one per listener
   */
  Life bear(List<Endpoint> endpoints);

  /** Whether the process cannot go on after this. */
  boolean endsProcess(Throwable cause);

  /** For the ready line: who this broker is and where its data lies. */
  String describe();

  /** After the last life. */
  @Override
  void close();
}
