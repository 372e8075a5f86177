package io.millrace.simulation;

import io.millrace.broker.api.Caller;
import io.millrace.broker.api.RefusedRequestException;
import io.millrace.broker.api.RequestContext;
import io.millrace.protocol.EncodedResponse;
import io.millrace.protocol.RequestEncoder;
import io.millrace.runtime.EventLoop;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.Consumer;
import org.apache.kafka.common.message.ProduceRequestData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.jspecify.annotations.Nullable;

/**
 * A client's connection to one process of a broker. Requests and replies arrive in order; now and
 * then the connection breaks with one in it, and it breaks for certain when that process ends.
 */
final class Connection implements RequestContext.Connection {
  private static final InetSocketAddress PEER = new InetSocketAddress(loopback(), 12345);

  private final String id;
  private final String client;
  private final BrokerProcess process;
  private final EventLoop brokerLoop;
  private final EventLoop clientLoop;
  private final Client.World world;
  private final Consumer<Connection> onDisconnected;
  private final BrokerHost host;
  private final Pipe requests;
  private final Pipe replies;
  private final Deque<Call> unsent = new ArrayDeque<>();
  private final List<Runnable> closeListeners = new ArrayList<>();
  private boolean open = true;
  private boolean closed;
  private boolean requestsArrive = true;
  private int nextCorrelationId;
  private int unanswered;
  private String software = "unknown";

  Connection(
      String id,
      String client,
      BrokerHost host,
      BrokerProcess process,
      EventLoop brokerLoop,
      EventLoop clientLoop,
      Client.World world,
      Consumer<Connection> onDisconnected) {
    this.id = id;
    this.client = client;
    this.host = host;
    this.process = process;
    this.brokerLoop = brokerLoop;
    this.clientLoop = clientLoop;
    this.world = world;
    this.onDisconnected = onDisconnected;
    this.requests = new Pipe(world.network(), client, host.name());
    this.replies = new Pipe(world.network(), host.name(), client);
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
    ByteBuffer frame = RequestEncoder.encode(request, version, correlationId, client);
    ApiKeys api = ApiKeys.forId(request.apiKey());
    unanswered++;
    boolean mayBeRefused = request instanceof ProduceRequestData produce && produce.acks() == 0;
    Call call = new Call(api, version, correlationId, mayBeRefused, onAnswered, onReply);
    if (world.network().loses()) {
      requestsArrive = false;
      breakOff();
    }
    if (requestsArrive) {
      requests.send(() -> brokerLoop.execute(() -> arrive(call, frame)));
    }
    call.timeout = clientLoop.schedule(world.requestTimeoutNs(), this::breakOff);
  }

  boolean open() {
    return open;
  }

  int unanswered() {
    return unanswered;
  }

  String address() {
    return Network.address(host.address());
  }

  /** The process at the other end. */
  BrokerProcess process() {
    return process;
  }

  /** The client learns of it after a while; what it has sent may still arrive. */
  void breakOff() {
    if (open) {
      open = false;
      closeListeners.forEach(brokerLoop::execute);
      closeListeners.clear();
      clientLoop.schedule(1_000_000, () -> onDisconnected.accept(this));
    }
  }

  /** The broker closes it: what has not arrived does not any more, and nothing is answered. */
  void close() {
    closed = true;
    breakOff();
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
    if (closed) {
      return;
    }
    unsent.addLast(call);
    Caller caller = new Caller("PLAINTEXT", PEER, "User:ANONYMOUS", this, brokerLoop);
    process
        .dispatch(caller, frame)
        .whenComplete((response, failure) -> answer(call, response, failure));
  }

  private void answer(Call call, @Nullable EncodedResponse response, @Nullable Throwable failure) {
    if (closed || !host.lives(process)) {
      return;
    }
    world
        .checks()
        .run(() -> {
          if (failure != null && !call.mayBeRefused && !mayEnd(failure)) {
            throw new Violation("the broker refuses " + call.api + ": " + failure, failure);
          }
          if (failure != null) {
            breakOff();
          }
          if (response != null) {
            ApiMessage reply = Frames.decode(call.api, call.version, call.correlationId, response);
            response.release();
            call.onAnswered.accept(reply);
            call.reply = reply;
          }
          call.answered = true;
          sendInOrder();
        });
  }

  /** Replies leave in the order of the requests, as sockets have it. */
  private void sendInOrder() {
    while (!unsent.isEmpty() && unsent.getFirst().answered) {
      Call call = unsent.removeFirst();
      if (call.reply != null) {
        reply(call, call.reply);
      }
    }
  }

  /** In a cluster, a batch whose fate recovery decides has no answer. */
  private boolean mayEnd(Throwable failure) {
    return !world.ledger().oneBroker() && failure instanceof RefusedRequestException;
  }

  private void reply(Call call, ApiMessage reply) {
    if (world.network().loses()) {
      breakOff();
    }
    replies.send(() -> clientLoop.execute(() -> onReply(call, reply)));
  }

  private void onReply(Call call, ApiMessage reply) {
    if (open) {
      unanswered--;
      if (call.timeout != null) {
        call.timeout.cancel();
      }
      world.checks().run(() -> call.onReply.accept(reply));
    }
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
    private boolean answered;
    private @Nullable ApiMessage reply;

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
