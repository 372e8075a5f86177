package io.millrace.broker.quota;

import io.millrace.broker.api.RequestContext;

/**
 * The partitions that one request creates or deletes, against its client's quota. Newer clients are
 * refused what is too much, older ones get it and have to wait afterwards.
 */
public final class Mutations {
  private final ClientQuotas quotas;
  private final RequestContext context;
  private final boolean refusable;
  private int throttleMs;

  /**
   * @param refusableSince version from which on a client understands the refusal
   */
  public Mutations(ClientQuotas quotas, RequestContext context, int refusableSince) {
    this.quotas = quotas;
    this.context = context;
    this.refusable = context.version() >= refusableSince;
  }

  /** Whether so many more may be changed. */
  public boolean allow(int partitions) {
    int waitMs = quotas.mutate(context.principal(), context.clientId(), partitions, refusable);
    throttleMs = Math.max(throttleMs, waitMs);
    return waitMs == 0 || !refusable;
  }

  /** How long the client has to wait. */
  public int throttleMs() {
    return throttleMs;
  }
}
