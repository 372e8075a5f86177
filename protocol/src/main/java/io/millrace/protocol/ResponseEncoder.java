package io.millrace.protocol;

import java.util.List;
import org.apache.kafka.common.message.ResponseHeaderData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.ObjectSerializationCache;

/** Makes response frames; records are not copied. */
public final class ResponseEncoder {
  private ResponseEncoder() {}

  /**
   * Takes over the {@link RecordSlices} in the body: they are released with the result, or here if
   * encoding fails.
   */
  public static EncodedResponse encode(
      ApiKeys api, short version, int correlationId, ApiMessage body) {
    short headerVersion = api.responseHeaderVersion(version);
    ResponseHeaderData header = new ResponseHeaderData().setCorrelationId(correlationId);
    ObjectSerializationCache cache = new ObjectSerializationCache();
    int size = Math.addExact(header.size(cache, headerVersion), body.size(cache, version));
    GatheringWriter out = new GatheringWriter(Math.addExact(size, Integer.BYTES));
    try {
      out.writeInt(size);
      header.write(out, cache, headerVersion);
      body.write(out, cache, version);
      return out.finish();
    } catch (RuntimeException e) {
      List<RecordSlices> lent = out.lent();
      lent.forEach(RecordSlices::release);
      throw e;
    }
  }
}
