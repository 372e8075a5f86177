package io.millrace.simulation;

import io.millrace.storage.WriterId;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * The machines of a cluster: those whose broker is meant to run (members), those outside, and a
 * twin for each node id.
 */
final class ClusterHosts {
  private final Map<BrokerHost, @Nullable BrokerHost> twins = new LinkedHashMap<>();
  private final List<BrokerHost> all = new ArrayList<>();
  private final Set<BrokerHost> members = new HashSet<>();
  private final Set<BrokerHost> exited = new HashSet<>();

  void add(BrokerHost host, BrokerHost twin) {
    twins.put(host, twin);
    all.add(host);
    all.add(twin);
  }

  /** The same list for ever. */
  List<BrokerHost> all() {
    return all;
  }

  void join(BrokerHost host) {
    members.add(host);
  }

  void leave(BrokerHost host) {
    members.remove(host);
  }

  boolean isMember(BrokerHost host) {
    return members.contains(host);
  }

  boolean isTwin(BrokerHost host) {
    return !twins.containsKey(host);
  }

  @Nullable BrokerHost twinOf(BrokerHost host) {
    return twins.get(host);
  }

  void leaveGracefully(BrokerHost host) {
    members.remove(host);
    host.stop(() -> exited.add(host));
  }

  /** True once after a graceful stop. */
  boolean hasExited(BrokerHost host) {
    return exited.remove(host);
  }

  /** Twins run no more. */
  void dismissTwins() {
    for (BrokerHost host : all) {
      if (isTwin(host)) {
        members.remove(host);
        if (host.machine().running()) {
          host.crashProcess();
        }
      }
    }
  }

  @Nullable BrokerHost anyRunning(SplittableRandom random) {
    List<BrokerHost> running = all.stream().filter(host -> host.process() != null).toList();
    return running.isEmpty() ? null : running.get(random.nextInt(running.size()));
  }

  /** A machine outside of the cluster that is no twin; null if there is none. */
  @Nullable BrokerHost anyOutside(SplittableRandom random) {
    List<BrokerHost> outside =
        twins.keySet().stream().filter(host -> !members.contains(host)).toList();
    return outside.isEmpty() ? null : outside.get(random.nextInt(outside.size()));
  }

  /** Where an incarnation lives; null if nowhere any more. */
  @Nullable BrokerHost of(WriterId writer) {
    for (BrokerHost host : all) {
      BrokerProcess process = host.process();
      if (process != null && process.writer().equals(writer)) {
        return host;
      }
    }
    return null;
  }
}
