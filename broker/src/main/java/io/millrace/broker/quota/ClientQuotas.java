package io.millrace.broker.quota;

import io.millrace.broker.quota.QuotaLimits.Limit;
import io.millrace.runtime.Clock;
import io.millrace.storage.metadata.MetadataImage;
import io.millrace.storage.metadata.QuotaEntity;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What clients have used of their quotas, and how long they must wait. One per life of the broker;
 * any thread may call. Without quotas it costs a look at the image. Keeps no more than so many
 * users, client ids and addresses; the one that was used longest ago is forgotten first.
 */
public final class ClientQuotas {
  private static final int TRACKED_MAX = 10_000;

  private final Supplier<MetadataImage> image;
  private final Clock clock;
  private final QuotaSettings settings;
  private final Map<Key, Usage> usages = new LinkedHashMap<>(16, 0.75f, true); // guarded by this
  private final SampledRate accepted; // guarded by this
  private volatile Compiled compiled = new Compiled(Map.of());

  /** Those who share a limit; another limit of theirs is counted with the same usage. */
  private record Key(QuotaType type, String user, String clientId, String ip) {}

  /** The limits of one state of the quotas. */
  private static final class Compiled {
    private final Map<?, ?> quotas;
    private final QuotaLimits limits;

    Compiled(Map<QuotaEntity, ? extends Map<String, Double>> quotas) {
      this.quotas = quotas;
      this.limits = new QuotaLimits(quotas);
    }
  }

  /** Guarded by the quotas. */
  private final class Usage {
    private final @Nullable SampledRate rate;
    private final @Nullable TokenBucket bucket;

    Usage(QuotaType type) {
      boolean mutations = type == QuotaType.CONTROLLER_MUTATION;
      this.rate = mutations ? null : new SampledRate(settings.samples(), settings.sampleNs());
      this.bucket =
          mutations
              ? new TokenBucket(settings.mutationSamples() * settings.mutationSampleNs() / 1e9)
              : null;
    }
  }

  public ClientQuotas(Supplier<MetadataImage> image, Clock clock, QuotaSettings settings) {
    this.image = image;
    this.clock = clock;
    this.settings = settings;
    this.accepted = new SampledRate(settings.samples(), settings.sampleNs());
  }

  /**
   * Notes that a client used so much.
   *
   * @param principal "User:NAME"
   * @return how long it must wait; 0 if it is within its limit
   */
  public int use(QuotaType type, String principal, String clientId, double amount) {
    return limit(type, principal, clientId)
        .map(limit -> noted(type, limit, amount, false))
        .orElse(0);
  }

  /** The same, except that what would make the client wait is not noted, as it does not get it. */
  public int useIfWithin(QuotaType type, String principal, String clientId, double amount) {
    return limit(type, principal, clientId)
        .map(limit -> noted(type, limit, amount, true))
        .orElse(0);
  }

  /**
   * Asks for changes of so many partitions.
   *
   * @param refusable a client that is over its limit is to be refused, which it understands; else
   *     it is let through and has to wait
   * @return how long it must wait; if refusable and above 0 nothing was noted
   */
  public int mutate(String principal, String clientId, double partitions, boolean refusable) {
    Optional<Limit> limit = limit(QuotaType.CONTROLLER_MUTATION, principal, clientId);
    if (limit.isEmpty()) {
      return 0;
    }
    synchronized (this) {
      TokenBucket bucket =
          Objects.requireNonNull(usage(QuotaType.CONTROLLER_MUTATION, limit.get()).bucket);
      double perSecond = limit.get().perSecond();
      long nowNs = clock.monotonicNs();
      int waitMs = ms(bucket.waitNs(perSecond, nowNs));
      if (waitMs == 0 || !refusable) {
        bucket.take(partitions, perSecond, nowNs);
        waitMs = refusable ? 0 : ms(bucket.waitNs(perSecond, nowNs));
      }
      return waitMs;
    }
  }

  /** Notes a new connection of the address; above 0 it must not be served, and not be counted. */
  public int connect(String ip) {
    Optional<Limit> limit = current().limits.ofAddress(ip);
    return limit.map(l -> noted(QuotaType.CONNECTION_CREATION, l, 1, true)).orElse(0);
  }

  /**
   * Notes a new connection of anybody.
   *
   * @param perSecond what the broker as a whole takes
   */
  public synchronized int accept(int perSecond) {
    if (perSecond == Integer.MAX_VALUE) {
      return 0;
    }
    long nowNs = clock.monotonicNs();
    accepted.add(1, nowNs);
    double bound = Math.max(perSecond, 1);
    double over = accepted.perSecond(nowNs) - bound;
    return over <= 0
        ? 0
        : ms(Math.min((long) (over / bound * accepted.windowNs(nowNs)), settings.sampleNs()));
  }

  /** Whether nobody has a quota. */
  public boolean none() {
    return image.get().quotas().isEmpty();
  }

  private Optional<Limit> limit(QuotaType type, String principal, String clientId) {
    Compiled now = current();
    return now.quotas.isEmpty()
        ? Optional.empty()
        : now.limits.ofClient(type, principal.substring(principal.indexOf(':') + 1), clientId);
  }

  // The same map means that no quota has changed.
  @SuppressWarnings("ReferenceEquality")
  private Compiled current() {
    var quotas = image.get().quotas();
    Compiled present = compiled;
    if (present.quotas != quotas) {
      present = new Compiled(quotas);
      compiled = present;
    }
    return present;
  }

  private synchronized int noted(QuotaType type, Limit limit, double amount, boolean orNot) {
    SampledRate rate = Objects.requireNonNull(usage(type, limit).rate);
    long nowNs = clock.monotonicNs();
    rate.add(amount, nowNs);
    double over = rate.perSecond(nowNs) - limit.perSecond();
    if (over <= 0) {
      return 0;
    }
    if (orNot) {
      rate.add(-amount, nowNs);
    }
    long waitNs = (long) (over / limit.perSecond() * rate.windowNs(nowNs));
    return ms(type == QuotaType.REQUEST ? Math.min(waitNs, settings.sampleNs()) : waitNs);
  }

  private Usage usage(QuotaType type, Limit limit) {
    Key key = new Key(type, limit.user(), limit.clientId(), limit.ip());
    Usage present = usages.get(key);
    if (present == null) {
      if (usages.size() == TRACKED_MAX) {
        Iterator<Key> oldest = usages.keySet().iterator();
        oldest.next();
        oldest.remove();
      }
      present = new Usage(type);
      usages.put(key, present);
    }
    return present;
  }

  private static int ms(long waitNs) {
    long ms = Math.ceilDiv(waitNs, TimeUnit.MILLISECONDS.toNanos(1));
    return (int) Math.min(ms, Integer.MAX_VALUE);
  }
}
