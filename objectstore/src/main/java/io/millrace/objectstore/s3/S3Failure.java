package io.millrace.objectstore.s3;

import software.amazon.awssdk.awscore.exception.AwsErrorDetails;
import software.amazon.awssdk.services.s3.model.S3Exception;

/**
 * What a failed request means. Only "the key is taken" and "there is no such thing" are answers;
 * all else is Unknown, with a reason for people.
 */
final class S3Failure {
  private static final int FORBIDDEN = 403;
  private static final int NOT_FOUND = 404;
  private static final int PRECONDITION_FAILED = 412;
  private static final int RANGE_NOT_SATISFIABLE = 416;

  private S3Failure() {}

  /** The answer to a conditional put of a key that holds an object. */
  static boolean isTaken(S3Exception e) {
    // The answer to completing an upload may begin as a success and carry the code in its body.
    return e.statusCode() == PRECONDITION_FAILED || code(e).equals("PreconditionFailed");
  }

  /** The bucket is there and the key is not. */
  static boolean isAbsent(S3Exception e) {
    return e.statusCode() == NOT_FOUND && code(e).equals("NoSuchKey");
  }

  static boolean isNoUpload(S3Exception e) {
    return e.statusCode() == NOT_FOUND && code(e).equals("NoSuchUpload");
  }

  static boolean isPastTheEnd(S3Exception e) {
    return e.statusCode() == RANGE_NOT_SATISFIABLE;
  }

  static String reason(S3Bucket bucket, Throwable failure) {
    if (!(failure instanceof S3Exception e)) {
      return "no answer from %s: %s".formatted(bucket, withCause(failure));
    }
    AwsErrorDetails details = e.awsErrorDetails();
    String message = details == null ? e.getMessage() : details.errorMessage();
    return "%s answered %d %s: %s%s"
        .formatted(bucket, e.statusCode(), code(e), message, advice(bucket, e));
  }

  private static String advice(S3Bucket bucket, S3Exception e) {
    if (code(e).equals("NoSuchBucket")) {
      return " (create the bucket %s)".formatted(bucket.bucket());
    }
    return e.statusCode() == FORBIDDEN
        ? " (the credentials need the rights to list the bucket and to get, put and delete objects)"
        : "";
  }

  private static String code(S3Exception e) {
    AwsErrorDetails details = e.awsErrorDetails();
    String code = details == null ? null : details.errorCode();
    return code == null ? "" : code;
  }

  private static String withCause(Throwable failure) {
    Throwable cause = failure.getCause();
    return cause == null || String.valueOf(failure.getMessage()).contains("" + cause.getMessage())
        ? String.valueOf(failure.getMessage())
        : failure.getMessage() + ": " + cause;
  }
}
