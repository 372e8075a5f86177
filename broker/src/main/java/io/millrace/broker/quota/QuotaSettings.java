package io.millrace.broker.quota;

/**
 * Over what time rates are taken.
 *
 * @param samples of client and connection quotas
 * @param mutationSamples of the quota on changes of topics
 */
public record QuotaSettings(
    int samples, long sampleNs, int mutationSamples, long mutationSampleNs) {}
