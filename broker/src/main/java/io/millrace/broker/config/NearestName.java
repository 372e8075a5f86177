package io.millrace.broker.config;

import java.util.Optional;

/** Finds what a misspelt name was meant to be. */
final class NearestName {
  private NearestName() {}

  /** The candidate with the fewest edits from {@code name}, if those are few for its length. */
  static Optional<String> of(String name, Iterable<String> candidates) {
    int limit = Math.max(2, name.length() / 4);
    String nearest = "";
    int fewest = limit + 1;
    for (String candidate : candidates) {
      if (Math.abs(candidate.length() - name.length()) < fewest) {
        int edits = edits(name, candidate, fewest);
        if (edits < fewest) {
          fewest = edits;
          nearest = candidate;
        }
      }
    }
    return fewest <= limit ? Optional.of(nearest) : Optional.empty();
  }

  /**
   * Insertions, deletions, replacements and swaps of neighbours; at least {@code limit} if there
   * are that many.
   */
  private static int edits(String a, String b, int limit) {
    int[] beforeLast = new int[b.length() + 1];
    int[] last = new int[b.length() + 1];
    int[] row = new int[b.length() + 1];
    for (int j = 0; j <= b.length(); j++) {
      last[j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      row[0] = i;
      int smallest = i;
      for (int j = 1; j <= b.length(); j++) {
        int change = a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1;
        int edits = Math.min(Math.min(row[j - 1], last[j]) + 1, last[j - 1] + change);
        if (i > 1
            && j > 1
            && a.charAt(i - 1) == b.charAt(j - 2)
            && a.charAt(i - 2) == b.charAt(j - 1)) {
          edits = Math.min(edits, beforeLast[j - 2] + 1);
        }
        row[j] = edits;
        smallest = Math.min(smallest, edits);
      }
      if (smallest >= limit) {
        return limit;
      }
      int[] free = beforeLast;
      beforeLast = last;
      last = row;
      row = free;
    }
    return last[b.length()];
  }
}
