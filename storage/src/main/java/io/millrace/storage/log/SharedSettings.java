package io.millrace.storage.log;

import io.millrace.storage.cluster.ClusterSettings;
import io.millrace.storage.wal.ObjectWalSettings;

/**
 * Values of one broker of many on a shared store.
 *
 * @param location the store's name for people
 */
public record SharedSettings(String location, ObjectWalSettings wal, ClusterSettings cluster) {}
