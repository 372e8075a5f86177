package io.millrace.broker;

import io.millrace.storage.metadata.MetadataRecord.Endpoint;
import java.util.List;

/** Makes the lives of one broker process, and holds what outlasts them. Used on one thread. */
interface Births extends AutoCloseable {
  /**
   * The next life, not started.
   *
   * @param endpoints advertised addresses, one per listener
   */
  BrokerCore next(List<Endpoint> endpoints);

  /** Whether there is to be no other life after one that ended with this cause. */
  boolean endsProcess(Throwable cause);

  /** Where the broker keeps its data, for the line that says it is ready. */
  String where(BrokerCore ready);

  /** After the last life. */
  @Override
  void close();
}
