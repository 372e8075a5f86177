package io.millrace.broker.fetch;

import org.apache.kafka.common.Uuid;

/**
 * A partition as a fetch request names it.
 *
 * @param topicId zero up to version 12
 * @param topic "" from version 13 on
 */
public record FetchKey(Uuid topicId, String topic, int partition) {}
