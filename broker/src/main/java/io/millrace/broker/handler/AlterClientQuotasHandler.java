package io.millrace.broker.handler;

import io.millrace.broker.api.ApiHandler;
import io.millrace.broker.api.RequestContext;
import io.millrace.broker.cluster.Refusal;
import io.millrace.broker.cluster.Submissions;
import io.millrace.broker.quota.QuotaType;
import io.millrace.storage.metadata.MetadataLog;
import io.millrace.storage.metadata.MetadataRecord.QuotasChanged;
import io.millrace.storage.metadata.QuotaEntity;
import java.net.InetAddress;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.message.AlterClientQuotasRequestData;
import org.apache.kafka.common.message.AlterClientQuotasRequestData.EntityData;
import org.apache.kafka.common.message.AlterClientQuotasRequestData.EntryData;
import org.apache.kafka.common.message.AlterClientQuotasRequestData.OpData;
import org.apache.kafka.common.message.AlterClientQuotasResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.jspecify.annotations.Nullable;

/**
 * AlterClientQuotas: sets and removes quotas of users, client ids, both together, and addresses.
 * Addresses are meant literally; names of hosts are not looked up.
 */
public final class AlterClientQuotasHandler implements ApiHandler<AlterClientQuotasRequestData> {
  private static final String IP = "ip";
  private static final Set<String> TYPES = Set.of("user", "client-id", IP);

  private final MetadataLog metadata;

  public AlterClientQuotasHandler(MetadataLog metadata) {
    this.metadata = metadata;
  }

  @Override
  public ApiKeys api() {
    return ApiKeys.ALTER_CLIENT_QUOTAS;
  }

  @Override
  public CompletableFuture<AlterClientQuotasResponseData> handle(
      RequestContext context, AlterClientQuotasRequestData request) {
    return Submissions.each(request.entries(), entry -> alter(entry, request.validateOnly()))
        .thenApply(entries -> new AlterClientQuotasResponseData().setEntries(entries));
  }

  private CompletableFuture<AlterClientQuotasResponseData.EntryData> alter(
      EntryData entry, boolean validateOnly) {
    Refusal refusal = badEntity(entry);
    refusal = refusal != null ? refusal : badOps(entry);
    if (refusal != null || validateOnly || entry.ops().isEmpty()) {
      return CompletableFuture.completedFuture(result(entry, Optional.ofNullable(refusal)));
    }
    QuotaEntity entity =
        new QuotaEntity(
            entry.entity().stream()
                .map(part ->
                    new QuotaEntity.Part(part.entityType(), Optional.ofNullable(part.entityName())))
                .toList());
    Map<String, Optional<Double>> changes = new TreeMap<>();
    for (OpData op : entry.ops()) {
      changes.put(op.key(), op.remove() ? Optional.empty() : Optional.of(op.value()));
    }
    return metadata
        .submit(new QuotasChanged(entity, changes))
        .thenApply(outcome ->
            switch (outcome) {
              case MetadataLog.Outcome.Applied _ -> result(entry, Optional.empty());
              case MetadataLog.Outcome.Voided(String reason, _) ->
                  result(entry, Optional.of(Refusal.invalidRequest(reason)));
            });
  }

  private static @Nullable Refusal badEntity(EntryData entry) {
    if (entry.entity().isEmpty()) {
      return Refusal.invalidRequest("Invalid empty client quota entity");
    }
    Set<String> types = new HashSet<>();
    for (EntityData part : entry.entity()) {
      String type = part.entityType();
      String name = part.entityName();
      if (!TYPES.contains(type)) {
        return Refusal.invalidRequest("Unhandled client quota entity type: " + type);
      }
      if (name != null && name.isEmpty()) {
        return Refusal.invalidRequest("Empty " + type + " not supported");
      }
      if (!types.add(type)) {
        return Refusal.invalidRequest("Duplicate client quota entity type: " + type);
      }
      if (type.equals(IP) && name != null && !isAddress(name)) {
        return Refusal.invalidRequest(name + " is not a valid IP or resolvable host.");
      }
    }
    return types.contains(IP) && types.size() > 1
        ? Refusal.invalidRequest(
            "Invalid quota entity combination, IP entity shouldnot be combined with User or"
                + " ClientId")
        : null;
  }

  private static boolean isAddress(String text) {
    try {
      InetAddress.ofLiteral(text);
      return true;
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  private static @Nullable Refusal badOps(EntryData entry) {
    boolean ofAddress = entry.entity().stream().anyMatch(part -> part.entityType().equals(IP));
    for (OpData op : entry.ops()) {
      Optional<QuotaType> type =
          QuotaType.find(op.key()).filter(known -> known.ofAddresses() == ofAddress);
      if (type.isEmpty()) {
        return Refusal.invalidRequest("Invalid configuration key " + op.key());
      }
      if (op.remove()) {
        continue;
      }
      if (!(op.value() > 0)) {
        return Refusal.invalidRequest("Quota " + op.key() + " must be greater than 0");
      }
      if (type.get().whole()) {
        double most = type.get().ofAddresses() ? Integer.MAX_VALUE : Long.MAX_VALUE;
        if (op.value() > most) {
          return Refusal.invalidRequest(
              "Proposed value for %s is too large for %s."
                  .formatted(op.key(), type.get().ofAddresses() ? "an INT" : "a LONG"));
        }
        if (Math.abs(op.value() - Math.floor(op.value())) > 1e-6) {
          return Refusal.invalidRequest(op.key() + " cannot be a fractional value.");
        }
      }
    }
    return null;
  }

  private static AlterClientQuotasResponseData.EntryData result(
      EntryData entry, Optional<Refusal> refusal) {
    return new AlterClientQuotasResponseData.EntryData()
        .setErrorCode(refusal.map(Refusal::error).orElse(Errors.NONE).code())
        .setErrorMessage(refusal.map(Refusal::message).orElse(null))
        .setEntity(
            entry.entity().stream()
                .map(part ->
                    new AlterClientQuotasResponseData.EntityData()
                        .setEntityType(part.entityType())
                        .setEntityName(part.entityName()))
                .toList());
  }
}
