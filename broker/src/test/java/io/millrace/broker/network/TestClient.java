package io.millrace.broker.network;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.ByteBuffer;
import org.apache.kafka.common.message.RequestHeaderData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.ObjectSerializationCache;

/** A client that sends frames byte by byte and reads what comes back. */
final class TestClient implements AutoCloseable {
  /** Bounds a test that hangs; nothing waits so long. */
  private static final int READ_TIMEOUT_MS = 30_000;

  private final Socket socket;
  private final DataInputStream in;
  private final DataOutputStream out;

  TestClient(int port) throws IOException {
    socket = new Socket(InetAddress.getLoopbackAddress(), port);
    socket.setSoTimeout(READ_TIMEOUT_MS);
    in = new DataInputStream(socket.getInputStream());
    out = new DataOutputStream(socket.getOutputStream());
  }

  static byte[] frame(ApiKeys api, short version, int correlationId, ApiMessage body) {
    RequestHeaderData header =
        new RequestHeaderData()
            .setRequestApiKey(api.id)
            .setRequestApiVersion(version)
            .setCorrelationId(correlationId)
            .setClientId("test");
    short headerVersion = api.requestHeaderVersion(version);
    ObjectSerializationCache cache = new ObjectSerializationCache();
    int size = header.size(cache, headerVersion) + body.size(cache, version);
    ByteBufferAccessor frame = new ByteBufferAccessor(ByteBuffer.allocate(4 + size));
    frame.writeInt(size);
    header.write(frame, cache, headerVersion);
    body.write(frame, cache, version);
    return frame.buffer().array();
  }

  void send(byte[] bytes) throws IOException {
    out.write(bytes);
    out.flush();
  }

  /** The correlation id of the next response, whose frame is skipped. */
  int nextCorrelationId() throws IOException {
    return nextFrame().getInt(0);
  }

  ByteBuffer nextFrame() throws IOException {
    byte[] frame = new byte[in.readInt()];
    in.readFully(frame);
    return ByteBuffer.wrap(frame);
  }

  /** Waits until the broker has closed the connection. */
  boolean closedByBroker() throws IOException {
    try {
      in.readByte();
      return false;
    } catch (EOFException | SocketException closed) {
      return true;
    }
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
