package io.millrace.storage.object;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Logs what is damaged as an error, each once however often readers come back to it, and counts how
 * often they did. Any thread may call.
 */
public final class DamageLog {
  private static final Logger LOG = LoggerFactory.getLogger(DamageLog.class);

  /** With so many, forgetting and saying it again is the least worry. */
  private static final int TOLD_MAX = 1_000;

  private final Set<String> told = ConcurrentHashMap.newKeySet();
  private final LongAdder met = new LongAdder();

  public void onDamage(String message) {
    met.increment();
    if (isNew(message)) {
      LOG.error("{}", message);
    }
  }

  /** Whether it was not asked about before. */
  boolean isNew(String message) {
    if (told.size() >= TOLD_MAX) {
      told.clear();
    }
    return told.add(message);
  }

  /** How often something damaged was to be read. */
  public long count() {
    return met.sum();
  }
}
