package io.millrace.broker.quota;

/**
 * Tokens that come back at a rate, up to some samples' worth: bursts are let through while there
 * are any, and what went below nothing is made up by waiting. Not safe for several threads.
 */
final class TokenBucket {
  private final double burstSeconds;
  private double tokens;
  private long filledNs;
  private boolean used;

  TokenBucket(double burstSeconds) {
    this.burstSeconds = burstSeconds;
  }

  private void fill(double perSecond, long nowNs) {
    double most = perSecond * burstSeconds;
    tokens = used ? Math.min(most, tokens + (nowNs - filledNs) / 1e9 * perSecond) : most;
    used = true;
    filledNs = nowNs;
  }

  /** How long nothing may be taken; 0 if something may. */
  long waitNs(double perSecond, long nowNs) {
    fill(perSecond, nowNs);
    return tokens >= 0 ? 0 : (long) Math.ceil(-tokens / perSecond * 1e9);
  }

  void take(double amount, double perSecond, long nowNs) {
    fill(perSecond, nowNs);
    tokens -= amount;
  }
}
