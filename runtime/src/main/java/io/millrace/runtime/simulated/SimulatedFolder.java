package io.millrace.runtime.simulated;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A folder's names twice: as processes see them, and as they would be found after a power loss that
 * took every unsynced change.
 */
final class SimulatedFolder {
  private final TreeMap<String, Object> names = new TreeMap<>();
  private final TreeMap<String, Object> durable = new TreeMap<>();
  private final List<NameChange> pending = new ArrayList<>();

  /**
   * A name that changed. {@code before} is the other half of a rename: this one never survives
   * without it, so that a file that is renamed always has a name.
   */
  static final class NameChange {
    private final SimulatedFolder folder;
    private final String name;
    private final @Nullable Object node;
    private final @Nullable NameChange before;

    NameChange(
        SimulatedFolder folder, String name, @Nullable Object node, @Nullable NameChange before) {
      this.folder = folder;
      this.name = name;
      this.node = node;
      this.before = before;
    }
  }

  SortedMap<String, Object> names() {
    return names;
  }

  NameChange change(String name, @Nullable Object node, @Nullable NameChange before) {
    apply(names, name, node);
    NameChange change = new NameChange(this, name, node, before);
    pending.add(change);
    return change;
  }

  void sync() {
    while (!pending.isEmpty()) {
      settle(pending.getFirst());
    }
  }

  /**
   * Decides which of the changes of this folder do not survive; {@code lost} collects them over all
   * folders.
   */
  void chooseLost(SplittableRandom random, Set<NameChange> lost) {
    int mode = random.nextInt(4);
    int kept = random.nextInt(pending.size() + 1);
    Set<String> cut = new HashSet<>();
    for (int i = 0; i < pending.size(); i++) {
      NameChange change = pending.get(i);
      boolean lose =
          switch (mode) {
            case 0 -> true;
            case 1 -> false;
            case 2 -> i >= kept;
            default -> random.nextBoolean();
          };
      // Later changes of a name never survive an earlier one.
      if (lose || cut.contains(change.name)) {
        cut.add(change.name);
        lost.add(change);
      }
    }
  }

  void losePower(Set<NameChange> lost) {
    for (NameChange change : pending) {
      if (!lost.contains(change) && (change.before == null || !lost.contains(change.before))) {
        apply(durable, change.name, change.node);
      }
    }
    pending.clear();
    names.clear();
    names.putAll(durable);
  }

  private static void settle(NameChange change) {
    int at = change.folder.pending.indexOf(change);
    if (at < 0) {
      return;
    }
    // Earlier changes of the same name are overtaken by this one.
    change.folder.pending.subList(0, at).removeIf(earlier -> earlier.name.equals(change.name));
    change.folder.pending.remove(change);
    if (change.before != null) {
      settle(change.before);
    }
    apply(change.folder.durable, change.name, change.node);
  }

  private static void apply(SortedMap<String, Object> names, String name, @Nullable Object node) {
    if (node == null) {
      names.remove(name);
    } else {
      names.put(name, node);
    }
  }
}
