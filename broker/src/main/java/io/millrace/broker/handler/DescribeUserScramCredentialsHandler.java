package io.millrace.broker.handler;

import io.millrace.broker.api.ApiHandler;
import io.millrace.broker.api.RequestContext;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.message.DescribeUserScramCredentialsRequestData;
import org.apache.kafka.common.message.DescribeUserScramCredentialsRequestData.UserName;
import org.apache.kafka.common.message.DescribeUserScramCredentialsResponseData;
import org.apache.kafka.common.message.DescribeUserScramCredentialsResponseData.DescribeUserScramCredentialsResult;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;

/**
 * DescribeUserScramCredentials: nobody has any, as they come with SASL; Kafka's tools ask beside
 * the quotas of users.
 */
public final class DescribeUserScramCredentialsHandler
    implements ApiHandler<DescribeUserScramCredentialsRequestData> {
  @Override
  public ApiKeys api() {
    return ApiKeys.DESCRIBE_USER_SCRAM_CREDENTIALS;
  }

  @Override
  public CompletableFuture<DescribeUserScramCredentialsResponseData> handle(
      RequestContext context, DescribeUserScramCredentialsRequestData request) {
    DescribeUserScramCredentialsResponseData response =
        new DescribeUserScramCredentialsResponseData();
    List<UserName> users = request.users() == null ? List.of() : request.users();
    Set<String> seen = new HashSet<>();
    Set<String> twice = new HashSet<>();
    users.forEach(user -> {
      if (!seen.add(user.name())) {
        twice.add(user.name());
      }
    });
    for (String name : seen) {
      DescribeUserScramCredentialsResult result =
          new DescribeUserScramCredentialsResult().setUser(name);
      response
          .results()
          .add(
              twice.contains(name)
                  ? result
                      .setErrorCode(Errors.DUPLICATE_RESOURCE.code())
                      .setErrorMessage(
                          "Cannot describe SCRAM credentials for the same user twice in a single"
                              + " request: "
                              + name)
                  : result
                      .setErrorCode(Errors.RESOURCE_NOT_FOUND.code())
                      .setErrorMessage(
                          "Attempt to describe a user credential that does not exist: " + name));
    }
    return CompletableFuture.completedFuture(response);
  }
}
