package io.millrace.broker.fetch;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.message.FetchResponseData.PartitionData;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.FetchResponse;

/**
 * The partitions one client fetches again and again, in the order they are served next, and what it
 * was told last. Owned by {@link FetchSessions}, whose lock guards it.
 */
final class FetchSession {
  static final int FIRST_EPOCH = 1;

  private final int id;
  private final boolean byTopicId;
  private final long createdMs;
  private final LinkedHashMap<FetchKey, Entry> entries = new LinkedHashMap<>();
  private int epoch = FIRST_EPOCH;
  private long lastUsedMs;

  /** One partition. */
  private static final class Entry {
    private FetchWish wish;
    private long toldHighWatermark = FetchResponse.INVALID_HIGH_WATERMARK;
    private long toldLogStart = FetchResponse.INVALID_LOG_START_OFFSET;

    Entry(FetchWish wish) {
      this.wish = wish;
    }
  }

  FetchSession(int id, boolean byTopicId, long nowMs) {
    this.id = id;
    this.byTopicId = byTopicId;
    this.createdMs = nowMs;
    this.lastUsedMs = nowMs;
  }

  int id() {
    return id;
  }

  boolean byTopicId() {
    return byTopicId;
  }

  int epoch() {
    return epoch;
  }

  long createdMs() {
    return createdMs;
  }

  long lastUsedMs() {
    return lastUsedMs;
  }

  int size() {
    return entries.size();
  }

  /** The request with this session's epoch has come; the next has the one after it. */
  void advance(long nowMs) {
    epoch = epochAfter(epoch);
    lastUsedMs = nowMs;
  }

  static int epochAfter(int epoch) {
    return epoch == Integer.MAX_VALUE ? FIRST_EPOCH : epoch + 1;
  }

  void update(List<FetchWish> wishes, List<FetchKey> forgotten) {
    for (FetchWish wish : wishes) {
      Entry entry = entries.get(wish.key());
      if (entry == null) {
        entries.put(wish.key(), new Entry(wish));
      } else {
        entry.wish = wish;
      }
    }
    forgotten.forEach(entries::remove);
  }

  List<FetchWish> wishes() {
    List<FetchWish> wishes = new ArrayList<>(entries.size());
    entries.values().forEach(entry -> wishes.add(entry.wish));
    return wishes;
  }

  /**
   * Keeps of the answers those that tell something new and remembers them as told. A partition that
   * had records goes behind the others, so that a full answer does not starve it.
   */
  Map<FetchKey, PartitionData> news(Map<FetchKey, PartitionData> answers) {
    Map<FetchKey, PartitionData> news = new LinkedHashMap<>();
    answers.forEach((key, data) -> {
      Entry entry = entries.get(key);
      // a session without the partition has changed meanwhile; its epoch will say so
      if (entry == null || isNews(entry, data)) {
        news.put(key, data);
      }
      if (entry != null && FetchResponse.recordsSize(data) > 0) {
        entries.putLast(key, entry);
      }
    });
    return news;
  }

  /** All answers were sent. */
  void told(Map<FetchKey, PartitionData> answers) {
    answers.forEach((key, data) -> {
      Entry entry = entries.get(key);
      if (entry != null) {
        isNews(entry, data);
      }
    });
  }

  private static boolean isNews(Entry entry, PartitionData data) {
    boolean news =
        FetchResponse.recordsSize(data) > 0
            || entry.toldHighWatermark != data.highWatermark()
            || entry.toldLogStart != data.logStartOffset()
            || data.errorCode() != Errors.NONE.code();
    entry.toldHighWatermark = data.highWatermark();
    entry.toldLogStart = data.logStartOffset();
    if (data.errorCode() != Errors.NONE.code()) {
      // whatever comes after an error is news
      entry.toldHighWatermark = FetchResponse.INVALID_HIGH_WATERMARK;
    }
    return news;
  }
}
