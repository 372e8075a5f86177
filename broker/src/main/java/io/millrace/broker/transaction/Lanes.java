package io.millrace.broker.transaction;

import io.millrace.storage.WriterId;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.ToIntFunction;

/** A {@link Lane} per incarnation that has something to be asked. On the owner's loop. */
final class Lanes<T> {
  private final Function<T, Object> key;
  private final ToIntFunction<T> partitions;
  private final BiFunction<WriterId, List<T>, CompletableFuture<?>> send;
  private final Map<WriterId, Lane<T>> lanes = new TreeMap<>();

  /** See {@link Lane}. */
  Lanes(
      Function<T, Object> key,
      ToIntFunction<T> partitions,
      BiFunction<WriterId, List<T>, CompletableFuture<?>> send) {
    this.key = key;
    this.partitions = partitions;
    this.send = send;
  }

  void add(WriterId broker, T item) {
    lanes.values().removeIf(Lane::idle);
    lanes
        .computeIfAbsent(
            broker, _ -> new Lane<>(key, partitions, items -> send.apply(broker, items)))
        .add(item);
  }
}
