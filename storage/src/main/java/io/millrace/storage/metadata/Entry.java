package io.millrace.storage.metadata;

import io.millrace.storage.WriterId;
import java.util.List;

/**
 * One metadata entry, the only kind of commit point.
 *
 * @param number consecutive from 1
 * @param predecessorHash hash of the bytes of entry number - 1; 0 for the first
 * @param writer the incarnation that put it
 */
public record Entry(long number, long predecessorHash, WriterId writer, List<Command> commands) {}
