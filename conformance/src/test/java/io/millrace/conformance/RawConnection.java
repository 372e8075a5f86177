package io.millrace.conformance;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.function.Supplier;
import org.apache.kafka.common.message.RequestHeaderData;
import org.apache.kafka.common.message.ResponseHeaderData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.Message;
import org.apache.kafka.common.requests.AbstractResponse;
import org.apache.kafka.common.requests.RequestUtils;

/**
 * Sends one request after the other as it is told to, whatever a client library would think of it.
 */
final class RawConnection implements AutoCloseable {
  private static final int PATIENCE_MS = 30_000;

  private final Socket socket;
  private final DataOutputStream out;
  private final DataInputStream in;
  private int correlationId;

  private RawConnection(Socket socket) throws IOException {
    this.socket = socket;
    this.out = new DataOutputStream(socket.getOutputStream());
    this.in = new DataInputStream(socket.getInputStream());
  }

  /** To {@code HOST:PORT}. */
  static RawConnection open(String address) throws IOException {
    int colon = address.lastIndexOf(':');
    Socket socket = new Socket();
    socket.connect(
        new InetSocketAddress(
            address.substring(0, colon), Integer.parseInt(address.substring(colon + 1))),
        PATIENCE_MS);
    socket.setSoTimeout(PATIENCE_MS);
    socket.setTcpNoDelay(true);
    return new RawConnection(socket);
  }

  /**
   * Sends and waits for the answer.
   *
   * @throws java.io.EOFException if the broker closes the connection instead
   */
  <R extends Message> R ask(ApiKeys api, int version, ApiMessage request, Supplier<R> empty)
      throws IOException {
    R response = empty.get();
    response.read(ask(api, version, request), (short) version);
    return response;
  }

  /** As Kafka's clients read it. */
  AbstractResponse response(ApiKeys api, int version, ApiMessage request) throws IOException {
    return AbstractResponse.parseResponse(api, ask(api, version, request), (short) version);
  }

  /** The answer's body. */
  private ByteBufferAccessor ask(ApiKeys api, int version, ApiMessage request) throws IOException {
    send(api, version, request);
    byte[] frame = new byte[in.readInt()];
    in.readFully(frame);
    ByteBufferAccessor body = new ByteBufferAccessor(ByteBuffer.wrap(frame));
    ResponseHeaderData header =
        new ResponseHeaderData(body, api.responseHeaderVersion((short) version));
    if (header.correlationId() != correlationId) {
      throw new IOException(
          "answer %d to request %d".formatted(header.correlationId(), correlationId));
    }
    return body;
  }

  private void send(ApiKeys api, int version, ApiMessage request) throws IOException {
    RequestHeaderData header =
        new RequestHeaderData()
            .setRequestApiKey(api.id)
            .setRequestApiVersion((short) version)
            .setCorrelationId(++correlationId)
            .setClientId("raw");
    ByteBuffer frame =
        RequestUtils.serialize(
            header, api.requestHeaderVersion((short) version), request, (short) version);
    out.writeInt(frame.remaining());
    out.write(frame.array(), frame.arrayOffset() + frame.position(), frame.remaining());
    out.flush();
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
