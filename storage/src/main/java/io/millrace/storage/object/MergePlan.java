package io.millrace.storage.object;

import io.millrace.storage.metadata.ObjectInfo;
import java.util.List;

/**
 * What to merge next.
 *
 * @param inputs whole objects
 * @param outputLevel of the objects made from them
 */
record MergePlan(List<ObjectInfo> inputs, int outputLevel) {}
