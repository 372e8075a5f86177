package io.millrace.broker.quota;

import io.millrace.storage.metadata.QuotaEntity;
import java.net.InetAddress;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The limits of one state of the quotas, made for being asked per request. Immutable. Kafka's
 * precedence: first who has a limit as user and client id together, then as user, then as a user
 * like any other, then as client id; the defaults after the names each time.
 */
final class QuotaLimits {
  /** Stands for every name; no name has this form in Kafka's entities. */
  private static final String ANY = "<default>";

  private static final String NONE = "";

  private final Map<QuotaType, Map<Who, Double>> limits = new EnumMap<>(QuotaType.class);

  /** Parts of an entity: a name, {@link #ANY}, or {@link #NONE} without that part. */
  private record Who(String user, String clientId, String ip) {}

  /**
   * A limit and those who share it: each part that the limit is given by, "" for others.
   *
   * @param perSecond more than 0
   */
  record Limit(double perSecond, String user, String clientId, String ip) {}

  QuotaLimits(Map<QuotaEntity, ? extends Map<String, Double>> quotas) {
    quotas.forEach((entity, values) -> {
      String user = NONE;
      String clientId = NONE;
      String ip = NONE;
      for (QuotaEntity.Part part : entity.parts()) {
        String name = part.name().orElse(ANY);
        switch (part.type()) {
          case "user" -> user = name;
          case "client-id" -> clientId = name;
          case "ip" -> ip = part.name().map(QuotaLimits::address).orElse(ANY);
          default -> {
            return; // written by a newer version
          }
        }
      }
      Who who = new Who(user, clientId, ip);
      values.forEach((key, value) ->
          QuotaType.find(key)
              .ifPresent(
                  type -> limits.computeIfAbsent(type, _ -> new HashMap<>()).put(who, value)));
    });
  }

  /** One text for each address, however it was written. */
  private static String address(String text) {
    try {
      return InetAddress.ofLiteral(text).getHostAddress();
    } catch (IllegalArgumentException notLiteral) {
      return text;
    }
  }

  /** The limit of a client; empty if it has none. */
  Optional<Limit> ofClient(QuotaType type, String user, String clientId) {
    Map<Who, Double> known = limits.get(type);
    if (known == null) {
      return Optional.empty();
    }
    for (String asUser : new String[] {user, ANY}) {
      Limit limit = find(known, asUser, clientId, user, clientId);
      limit = limit != null ? limit : find(known, asUser, ANY, user, clientId);
      limit = limit != null ? limit : find(known, asUser, NONE, user, NONE);
      if (limit != null) {
        return Optional.of(limit);
      }
    }
    Limit limit = find(known, NONE, clientId, NONE, clientId);
    return Optional.ofNullable(limit != null ? limit : find(known, NONE, ANY, NONE, clientId));
  }

  private static @Nullable Limit find(
      Map<Who, Double> known,
      String asUser,
      String asClientId,
      String sharedByUser,
      String sharedByClientId) {
    Double perSecond = known.get(new Who(asUser, asClientId, NONE));
    return perSecond == null ? null : new Limit(perSecond, sharedByUser, sharedByClientId, NONE);
  }

  /** The limit of an address; empty if it has none. */
  Optional<Limit> ofAddress(String ip) {
    Map<Who, Double> known = limits.getOrDefault(QuotaType.CONNECTION_CREATION, Map.of());
    Double perSecond = known.get(new Who(NONE, NONE, ip));
    perSecond = perSecond != null ? perSecond : known.get(new Who(NONE, NONE, ANY));
    return Optional.ofNullable(perSecond).map(limit -> new Limit(limit, NONE, NONE, ip));
  }
}
