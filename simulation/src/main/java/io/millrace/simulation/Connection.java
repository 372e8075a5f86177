package io.millrace.simulation;

import io.millrace.broker.api.Caller;
import io.millrace.broker.api.RequestContext;
import io.millrace.protocol.EncodedResponse;
import io.millrace.runtime.EventLoop;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.apache.kafka.common.message.ProduceRequestData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.jspecify.annotations.Nullable;

/**
 * A client's connection to one life of the broker. Requests arrive in order; now and then the
 * connection breaks with a request or a reply in it, and it breaks for certain when that life ends.
 */
final class Connection implements RequestContext.Connection {
  private static final long REQUEST_TIMEOUT_NS = TimeUnit.SECONDS.toNanos(30);
  private static final InetSocketAddress PEER = new InetSocketAddress(loopback(), 12345);

  private final String id;
  private final BrokerProcess process;
  private final EventLoop brokerLoop;
  private final EventLoop clientLoop;
  private final SplittableRandom random;
  private final Runnable onDisconnected;
  private final BrokerHost host;
  private final List<Runnable> closeListeners = new ArrayList<>();
  private final int lossPerMille;
  private boolean open = true;
  private boolean requestsArrive = true;
  private int nextCorrelationId;
  private int unanswered;
  private String software = "unknown";

  Connection(
      String id,
      BrokerHost host,
      BrokerProcess process,
      EventLoop brokerLoop,
      EventLoop clientLoop,
      SplittableRandom random,
      int lossPerMille,
      Runnable onDisconnected) {
    this.id = id;
    this.host = host;
    this.process = process;
    this.brokerLoop = brokerLoop;
    this.clientLoop = clientLoop;
    this.random = random;
    this.lossPerMille = lossPerMille;
    this.onDisconnected = onDisconnected;
  }

  /**
   * Sends a request.
   *
   * @param onAnswered runs as soon as the broker has given its answer away, whether or not it will
   *     arrive
   * @param onReply runs on the client's loop if the answer arrives
   */
  void send(
      ApiMessage request,
      short version,
      Consumer<ApiMessage> onAnswered,
      Consumer<ApiMessage> onReply) {
    if (!open) {
      return;
    }
    int correlationId = nextCorrelationId++;
    ByteBuffer frame = Frames.encode(request, version, correlationId, id);
    ApiKeys api = ApiKeys.forId(request.apiKey());
    unanswered++;
    boolean mayBeRefused = request instanceof ProduceRequestData produce && produce.acks() == 0;
    Call call = new Call(api, version, correlationId, mayBeRefused, onAnswered, onReply);
    if (random.nextInt(1000) < lossPerMille) {
      requestsArrive = false;
      breakOff();
    }
    if (requestsArrive) {
      brokerLoop.execute(() -> arrive(call, frame));
    }
    call.timeout = clientLoop.schedule(REQUEST_TIMEOUT_NS, this::breakOff);
  }

  boolean open() {
    return open;
  }

  int unanswered() {
    return unanswered;
  }

  /** The client learns of it after a while; what it has sent may still arrive. */
  void breakOff() {
    if (open) {
      open = false;
      closeListeners.forEach(brokerLoop::execute);
      closeListeners.clear();
      clientLoop.schedule(random.nextInt(2_000_000), onDisconnected);
    }
  }

  @Override
  public String id() {
    return id;
  }

  @Override
  public String clientSoftware() {
    return software;
  }

  @Override
  public void clientSoftware(String nameAndVersion) {
    software = nameAndVersion;
  }

  @Override
  public void onClose(Runnable listener) {
    if (open) {
      closeListeners.add(listener);
    } else {
      listener.run();
    }
  }

  private void arrive(Call call, ByteBuffer frame) {
    Caller caller = new Caller("PLAINTEXT", PEER, "User:ANONYMOUS", this, brokerLoop);
    process
        .dispatch(caller, frame)
        .whenComplete((response, failure) -> answer(call, response, failure));
  }

  private void answer(Call call, @Nullable EncodedResponse response, @Nullable Throwable failure) {
    if (!host.lives(process)) {
      return;
    }
    host.check(() -> {
      if (failure != null && !call.mayBeRefused) {
        throw new Violation("the broker refuses " + call.api + ": " + failure, failure);
      }
      if (failure != null) {
        breakOff();
      }
      if (response != null) {
        ApiMessage reply = Frames.decode(call.api, call.version, call.correlationId, response);
        response.release();
        call.onAnswered.accept(reply);
        reply(call, reply);
      }
    });
  }

  private void reply(Call call, ApiMessage reply) {
    if (random.nextInt(1000) < lossPerMille) {
      breakOff();
    }
    clientLoop.execute(() -> {
      if (open) {
        unanswered--;
        if (call.timeout != null) {
          call.timeout.cancel();
        }
        host.check(() -> call.onReply.accept(reply));
      }
    });
  }

  private static InetAddress loopback() {
    try {
      return InetAddress.getByAddress("client", new byte[] {127, 0, 0, 1});
    } catch (UnknownHostException e) {
      throw new IllegalStateException(e);
    }
  }

  private static final class Call {
    private final ApiKeys api;
    private final short version;
    private final int correlationId;

    /** Without acknowledgements, an error closes the connection. */
    private final boolean mayBeRefused;

    private final Consumer<ApiMessage> onAnswered;
    private final Consumer<ApiMessage> onReply;
    private EventLoop.@Nullable Cancellable timeout;

    Call(
        ApiKeys api,
        short version,
        int correlationId,
        boolean mayBeRefused,
        Consumer<ApiMessage> onAnswered,
        Consumer<ApiMessage> onReply) {
      this.api = api;
      this.version = version;
      this.correlationId = correlationId;
      this.mayBeRefused = mayBeRefused;
      this.onAnswered = onAnswered;
      this.onReply = onReply;
    }
  }
}
