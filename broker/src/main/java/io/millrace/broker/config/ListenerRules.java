package io.millrace.broker.config;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Makes listeners of what was given, and finds what does not fit together. Used once by {@link
 * ConfigLoader}, which collects the problems and notices.
 */
final class ListenerRules {
  private static final List<String> PROTOCOLS =
      List.of("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL");

  private final ConfigValues values;
  private final Supplier<String> hostName;
  private final List<ConfigProblem> problems;
  private final List<String> notices;

  ListenerRules(
      ConfigValues values,
      Supplier<String> hostName,
      List<ConfigProblem> problems,
      List<String> notices) {
    this.values = values;
    this.hostName = hostName;
    this.problems = problems;
    this.notices = notices;
  }

  /** An address as given. */
  private record Address(String name, String host, int port) {
    @Override
    public String toString() {
      return name + "://" + (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + port;
    }
  }

  List<Listener> listeners() {
    Map<String, Address> bound = addresses(ListenerKeys.LISTENERS, bindTexts());
    Map<String, Address> advertised =
        addresses(
            ListenerKeys.ADVERTISED_LISTENERS,
            values.find(ListenerKeys.ADVERTISED_LISTENERS).orElse(List.of()));
    checkPorts(bound);
    checkAdvertised(bound, advertised);
    Map<String, String> protocols = protocols();
    List<String> controllers =
        values.get(ListenerKeys.CONTROLLER_LISTENER_NAMES).stream()
            .map(name -> name.toUpperCase(Locale.ROOT))
            .toList();

    List<Listener> listeners = new ArrayList<>();
    for (Address address : bound.values()) {
      if (controllers.contains(address.name())) {
        notices.add("listener " + address + " is not opened: there is no controller quorum.");
        continue;
      }
      String protocol = protocols.get(address.name());
      if (protocol == null) {
        problem(
            ListenerKeys.SECURITY_PROTOCOL_MAP,
            "listener "
                + address.name()
                + " has no security protocol; add "
                + address.name()
                + ":PLAINTEXT to listener.security.protocol.map");
        continue;
      }
      if (!protocol.equals("PLAINTEXT")) {
        problem(
            ListenerKeys.LISTENERS,
            "listener "
                + address
                + " uses "
                + protocol
                + ", and this version opens PLAINTEXT listeners only; leave it out or map it to"
                + " PLAINTEXT in listener.security.protocol.map");
        continue;
      }
      listeners.add(listener(address, advertised.get(address.name()), protocol));
    }
    checkInterBroker(listeners);
    if (listeners.isEmpty() && problems.isEmpty()) {
      problem(
          ListenerKeys.LISTENERS,
          "no listener is left to open: all of them are controller listeners; add one for clients,"
              + " such as PLAINTEXT://127.0.0.1:9092");
    }
    return listeners;
  }

  private void checkInterBroker(List<Listener> listeners) {
    values
        .find(ClusterKeys.INTER_BROKER_LISTENER_NAME)
        .filter(name -> listeners.stream().noneMatch(l -> l.name().equalsIgnoreCase(name)))
        .ifPresent(name ->
            problem(
                ClusterKeys.INTER_BROKER_LISTENER_NAME,
                ClusterKeys.INTER_BROKER_LISTENER_NAME
                    + "="
                    + name
                    + " is none of the listeners that are opened ("
                    + String.join(", ", listeners.stream().map(Listener::name).toList())
                    + ")"));
  }

  private List<String> bindTexts() {
    boolean older = values.isSet(ListenerKeys.HOST_NAME) || values.isSet(ListenerKeys.PORT);
    if (older && !values.isSet(ListenerKeys.LISTENERS)) {
      String host = values.get(ListenerKeys.HOST_NAME);
      return List.of("PLAINTEXT://" + host + ":" + values.get(ListenerKeys.PORT));
    }
    return values.get(ListenerKeys.LISTENERS);
  }

  /** By listener name, in the order given. */
  private Map<String, Address> addresses(ConfigKey<List<String>> key, List<String> texts) {
    Map<String, Address> addresses = new LinkedHashMap<>();
    for (String text : texts) {
      Address address = address(text);
      if (address == null) {
        problem(key, key + ": \"" + text + "\" is no listener; expected NAME://HOST:PORT");
      } else if (addresses.putIfAbsent(address.name(), address) != null) {
        problem(key, key + " names listener " + address.name() + " twice; give each its own name");
      }
    }
    return addresses;
  }

  private static @Nullable Address address(String text) {
    int scheme = text.indexOf("://");
    int colon = text.lastIndexOf(':');
    if (scheme < 1 || colon < scheme + 3) {
      return null;
    }
    String host = text.substring(scheme + 3, colon).trim();
    if (host.startsWith("[") && host.endsWith("]")) {
      host = host.substring(1, host.length() - 1);
    }
    try {
      int port = Integer.parseInt(text.substring(colon + 1).trim());
      boolean plain = host.chars().allMatch(c -> isHostCharacter((char) c));
      return port < 0 || port > 65535 || !plain
          ? null
          : new Address(text.substring(0, scheme).trim().toUpperCase(Locale.ROOT), host, port);
    } catch (NumberFormatException e) {
      return null;
    }
  }

  private static boolean isHostCharacter(char c) {
    return Character.isLetterOrDigit(c) || "-._:%".indexOf(c) >= 0;
  }

  private void checkPorts(Map<String, Address> bound) {
    List<Address> seen = new ArrayList<>();
    for (Address address : bound.values()) {
      for (Address other : seen) {
        if (address.port() != 0 && address.port() == other.port() && overlap(address, other)) {
          problem(
              ListenerKeys.LISTENERS,
              "listeners " + other + " and " + address + " share a port; give each its own");
        }
      }
      seen.add(address);
    }
  }

  private static boolean overlap(Address a, Address b) {
    boolean literals = !a.host().isEmpty() && !b.host().isEmpty();
    if (literals && isIpv6(a) != isIpv6(b)) {
      return false;
    }
    return a.host().equalsIgnoreCase(b.host()) || isWildcard(a.host()) || isWildcard(b.host());
  }

  private static boolean isIpv6(Address address) {
    return address.host().indexOf(':') >= 0;
  }

  private void checkAdvertised(Map<String, Address> bound, Map<String, Address> advertised) {
    for (Address address : advertised.values()) {
      if (!bound.containsKey(address.name())) {
        problem(
            ListenerKeys.ADVERTISED_LISTENERS,
            "advertised.listeners has "
                + address
                + ", but listeners has no "
                + address.name()
                + " (it has "
                + String.join(", ", bound.keySet())
                + ")");
      }
      if (!address.host().isEmpty() && isWildcard(address.host())) {
        problem(
            ListenerKeys.ADVERTISED_LISTENERS,
            "advertised.listeners has "
                + address
                + ", and clients cannot connect to "
                + address.host()
                + "; give the name or address they reach this broker by");
      }
    }
  }

  /** By listener name; without a map of one's own, controller listeners need no entry. */
  private Map<String, String> protocols() {
    Map<String, String> protocols = new LinkedHashMap<>();
    String map = values.get(ListenerKeys.SECURITY_PROTOCOL_MAP);
    for (String pair : map.split(",", -1)) {
      int colon = pair.lastIndexOf(':');
      String protocol = pair.substring(colon + 1).trim().toUpperCase(Locale.ROOT);
      if (pair.isBlank()) {
        continue;
      }
      if (colon < 1 || !PROTOCOLS.contains(protocol)) {
        problem(
            ListenerKeys.SECURITY_PROTOCOL_MAP,
            "listener.security.protocol.map: \""
                + pair.trim()
                + "\" names no security protocol;"
                + " expected NAME:PROTOCOL with one of "
                + String.join(", ", PROTOCOLS));
        continue;
      }
      protocols.put(pair.substring(0, colon).trim().toUpperCase(Locale.ROOT), protocol);
    }
    return protocols;
  }

  private Listener listener(Address bound, @Nullable Address advertised, String protocol) {
    Address told = advertised != null ? advertised : olderAdvertised(bound);
    String host = told.host();
    if (host.isEmpty() || isWildcard(host)) {
      host = hostName.get();
      notices.add(
          "listener "
              + bound
              + " is advertised as "
              + host
              + "; set advertised.listeners if clients reach it by another name.");
    }
    return new Listener(bound.name(), bound.host(), bound.port(), host, told.port(), protocol);
  }

  private Address olderAdvertised(Address bound) {
    return new Address(
        bound.name(),
        values.find(ListenerKeys.ADVERTISED_HOST_NAME).orElse(bound.host()),
        values.find(ListenerKeys.ADVERTISED_PORT).orElse(bound.port()));
  }

  private static boolean isWildcard(String host) {
    return host.isEmpty() || host.equals("0.0.0.0") || host.equals("::") || host.equals("*");
  }

  private void problem(ConfigKey<?> key, String text) {
    problems.add(new ConfigProblem(values.where(key), text));
  }
}
