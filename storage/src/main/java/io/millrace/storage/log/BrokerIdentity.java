package io.millrace.storage.log;

import io.millrace.storage.metadata.MetadataRecord.Endpoint;
import java.util.List;
import java.util.Optional;

/** How a broker registers. */
public record BrokerIdentity(
    int nodeId, List<Endpoint> endpoints, Optional<String> rack, String version) {}
