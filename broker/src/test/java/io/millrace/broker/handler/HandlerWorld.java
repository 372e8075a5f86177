package io.millrace.broker.handler;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.broker.api.ApiHandler;
import io.millrace.broker.api.RequestContext;
import io.millrace.broker.cluster.NewTopics;
import io.millrace.broker.cluster.Policies;
import io.millrace.broker.config.BrokerConfig;
import io.millrace.broker.config.LoggerLevels;
import io.millrace.broker.config.ResourceConfigs;
import io.millrace.broker.config.TopicConfigs;
import io.millrace.broker.quota.ClientQuotas;
import io.millrace.broker.quota.QuotaSettings;
import io.millrace.objectstore.MemoryStore;
import io.millrace.runtime.Randomness;
import io.millrace.runtime.simulated.SimulatedClock;
import io.millrace.runtime.simulated.SimulatedRandomness;
import io.millrace.runtime.simulated.SimulatedScheduler;
import io.millrace.runtime.simulated.SimulatedThreads;
import io.millrace.storage.WriterId;
import io.millrace.storage.metadata.BoundarySpacing;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.MetadataLog;
import io.millrace.storage.metadata.MetadataRecord;
import io.millrace.storage.metadata.MetadataRecord.Endpoint;
import io.millrace.storage.metadata.MetadataRecord.IncarnationRegistered;
import io.millrace.storage.metadata.Registration;
import io.millrace.storage.metadata.StoredMetadataLog;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.ObjectSerializationCache;
import org.apache.kafka.common.requests.AbstractResponse;

/**
 * Brokers of one cluster by their metadata logs, over a store in memory under virtual time;
 * handlers are called as broker 1.
 */
public final class HandlerWorld {
  static final Uuid CLUSTER = new Uuid(11, 12);
  static final String INTERNAL_LISTENER = "INTERNAL";

  public final SimulatedScheduler scheduler = new SimulatedScheduler(1);
  public final SimulatedThreads threads = new SimulatedThreads(scheduler, "broker");
  final Randomness randomness = new SimulatedRandomness(scheduler.fork());
  final BrokerConfig config;
  final KnownLoggers loggers = new KnownLoggers();
  final ResourceConfigs configs;
  final TopicConfigs topicConfigs;
  public final MetadataLog metadata;
  final Policies policies;
  final NewTopics newTopics;
  final ClientQuotas quotas =
      new ClientQuotas(
          this::image,
          new SimulatedClock(scheduler),
          new QuotaSettings(11, 1_000_000_000L, 11, 1_000_000_000L));
  private final MemoryStore store = new MemoryStore(threads.eventLoop("store"));

  public HandlerWorld(Map<String, String> settings) {
    config = BrokerConfig.of(settings);
    configs = ResourceConfigs.of(config, 1, loggers);
    topicConfigs = configs.topics();
    metadata = startUnnoticed(1);
    policies = Policies.of(config);
    newTopics = new NewTopics(metadata, config, topicConfigs, policies, randomness);
  }

  private MetadataImage image() {
    return metadata.image();
  }

  /** Another broker; broker 1 knows it at once. */
  public MetadataLog start(int node) {
    MetadataLog log = startUnnoticed(node);
    await(metadata.refresh());
    return log;
  }

  /** Another broker; broker 1 does not know it yet. */
  MetadataLog startUnnoticed(int node) {
    MetadataLog log =
        await(
            StoredMetadataLog.load(
                store,
                threads.eventLoop("metadata" + node),
                new SimulatedClock(scheduler),
                randomness,
                new WriterId(randomness.nextLong(), randomness.nextLong()),
                BoundarySpacing.NORMAL));
    List<Endpoint> endpoints =
        List.of(
            new Endpoint("PLAINTEXT", "broker" + node + ".example", 9092, "PLAINTEXT"),
            new Endpoint(INTERNAL_LISTENER, "10.0.0." + node, 9093, "PLAINTEXT"));
    await(
        Registration.register(
            log,
            new IncarnationRegistered(
                log.writer(),
                node,
                Optional.empty(),
                endpoints,
                Optional.of("rack" + node),
                "0.1.0"),
            CLUSTER));
    return log;
  }

  public void commit(MetadataRecord record) {
    assertThat(await(metadata.submit(record))).isInstanceOf(MetadataLog.Outcome.Applied.class);
  }

  public void createTopic(String name, Integer... replicasOfEachPartition) {
    List<List<Integer>> replicas = List.of(replicasOfEachPartition).stream().map(List::of).toList();
    commit(
        new MetadataRecord.TopicCreated(new Uuid(99, name.hashCode()), name, replicas, Map.of()));
  }

  <Q extends ApiMessage, A extends ApiMessage> A call(
      ApiHandler<Q> handler, int version, Q request, Class<A> answer) {
    return call(handler, version, "PLAINTEXT", request, answer);
  }

  /** The answer as a client of that version reads it. */
  <Q extends ApiMessage, A extends ApiMessage> A call(
      ApiHandler<Q> handler, int version, String listener, Q request, Class<A> answer) {
    ApiMessage answered = await(handler.handle(context(version, listener), request));
    ObjectSerializationCache cache = new ObjectSerializationCache();
    ByteBufferAccessor bytes =
        new ByteBufferAccessor(ByteBuffer.allocate(answered.size(cache, (short) version)));
    answered.write(bytes, cache, (short) version);
    bytes.flip();
    return answer.cast(
        AbstractResponse.parseResponse(handler.api(), bytes, (short) version).data());
  }

  static RequestContext context(int version) {
    return context(version, "PLAINTEXT");
  }

  private static RequestContext context(int version, String listener) {
    return new RequestContext(
        (short) version,
        1,
        "test",
        listener,
        InetSocketAddress.createUnresolved("client", 1),
        "User:ANONYMOUS",
        0,
        new NoConnection());
  }

  public <T> T await(CompletableFuture<T> future) {
    assertThat(scheduler.runUntil(future::isDone, 1_000_000)).isTrue();
    assertThat(scheduler.failures()).isEmpty();
    return future.join();
  }

  /** Two loggers, and the root. */
  static final class KnownLoggers implements LoggerLevels {
    private final Map<String, String> levels =
        new TreeMap<>(Map.of(ROOT, "INFO", "io.millrace", "INFO", "io.netty", "WARN"));

    @Override
    public Map<String, String> levels() {
      return Map.copyOf(levels);
    }

    @Override
    public void set(String logger, String level) {
      levels.put(logger, level);
    }

    @Override
    public void unset(String logger) {
      levels.put(logger, levels.getOrDefault(ROOT, ""));
    }
  }

  private static final class NoConnection implements RequestContext.Connection {
    @Override
    public String id() {
      return "test";
    }

    @Override
    public String clientSoftware() {
      return "unknown";
    }

    @Override
    public void clientSoftware(String nameAndVersion) {}

    @Override
    public void onClose(Runnable listener) {}
  }
}
