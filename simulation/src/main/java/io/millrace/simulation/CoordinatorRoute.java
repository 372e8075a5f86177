package io.millrace.simulation;

import java.util.List;
import java.util.function.Consumer;
import org.apache.kafka.common.message.FindCoordinatorRequestData;
import org.apache.kafka.common.message.FindCoordinatorResponseData;
import org.apache.kafka.common.message.FindCoordinatorResponseData.Coordinator;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.FindCoordinatorRequest.CoordinatorType;
import org.jspecify.annotations.Nullable;

/**
 * A client's way to the coordinator of a group or a transactional id, found anew whenever it is
 * lost, with one request at a time.
 */
final class CoordinatorRoute {
  private static final int FIND_VERSION = 6;

  private final Client client;
  private final CoordinatorType type;
  private final String key;
  private @Nullable String address;
  private @Nullable Connection asking;

  CoordinatorRoute(Client client, CoordinatorType type, String key) {
    this.client = client;
    this.type = type;
    this.key = key;
  }

  /** Null while a request is under way, or nobody is known to coordinate, which is asked then. */
  @Nullable Connection free() {
    if (asking != null) {
      return null;
    }
    Connection connection = address == null ? null : client.connection(address);
    if (connection == null) {
      address = null;
      find();
    }
    return connection;
  }

  void ask(
      Connection connection,
      ApiMessage request,
      int version,
      Consumer<ApiMessage> onAnswered,
      Consumer<ApiMessage> onReply) {
    asking = connection;
    client.send(
        connection,
        request,
        version,
        onAnswered,
        answer -> {
          asking = null;
          onReply.accept(answer);
        });
  }

  /** True if somebody else coordinates, or will: it is looked for before the next request. */
  boolean leftBy(Errors error) {
    boolean left = error == Errors.NOT_COORDINATOR || error == Errors.COORDINATOR_NOT_AVAILABLE;
    if (left) {
      address = null;
    }
    return left;
  }

  /** True if a request was under way on it, which is of unknown fate now. */
  boolean onBroken(Connection connection) {
    boolean waited = connection.equals(asking);
    if (waited) {
      asking = null;
      address = null;
    }
    return waited;
  }

  private void find() {
    Connection connection = client.any();
    if (connection == null) {
      return;
    }
    ask(
        connection,
        new FindCoordinatorRequestData().setKeyType(type.id()).setCoordinatorKeys(List.of(key)),
        FIND_VERSION,
        answer -> {},
        answer -> {
          Coordinator found = ((FindCoordinatorResponseData) answer).coordinators().getFirst();
          Errors error = Errors.forCode(found.errorCode());
          if (error == Errors.NONE) {
            address = found.host() + ":" + found.port();
          } else if (error != Errors.COORDINATOR_NOT_AVAILABLE
              && error != Errors.UNKNOWN_SERVER_ERROR) {
            throw new Violation(
                "%s told who looks for the coordinator of %s".formatted(error, key));
          }
        });
  }

  @Override
  public String toString() {
    return "%s at %s%s".formatted(type, address, asking == null ? "" : ", asked");
  }
}
