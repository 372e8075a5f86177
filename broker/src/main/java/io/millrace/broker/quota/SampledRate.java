package io.millrace.broker.quota;

import java.util.Arrays;

/**
 * A rate over the last few samples of time, Kafka's way: the time before the first use counts as
 * idle, so that a burst of as many samples' worth is let through. Not safe for several threads.
 */
final class SampledRate {
  private final long sampleNs;
  private final long[] startsNs;
  private final double[] sums;
  private int newest;
  private boolean used;

  SampledRate(int samples, long sampleNs) {
    this.sampleNs = sampleNs;
    this.startsNs = new long[samples];
    this.sums = new double[samples];
  }

  void add(double amount, long nowNs) {
    if (!used) {
      used = true;
      Arrays.fill(startsNs, nowNs - sampleNs * startsNs.length);
      startsNs[newest] = nowNs;
    } else if (nowNs - startsNs[newest] >= sampleNs) {
      newest = (newest + 1) % sums.length;
      startsNs[newest] = nowNs;
      sums[newest] = 0;
    }
    sums[newest] += amount;
  }

  /** Per second. */
  double perSecond(long nowNs) {
    double sum = 0;
    for (int i = 0; i < sums.length; i++) {
      if (nowNs - startsNs[i] < sampleNs * sums.length) {
        sum += sums[i];
      }
    }
    return sum * 1e9 / windowNs(nowNs);
  }

  /** The time the rate is over: all samples but the newest are whole. */
  long windowNs(long nowNs) {
    return sampleNs * (sums.length - 1) + Math.min(sampleNs, Math.max(1, nowNs - startsNs[newest]));
  }
}
