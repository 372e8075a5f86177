/** The object store in an S3-compatible bucket; the only package that sees the AWS SDK. */
@NullMarked
package io.millrace.objectstore.s3;

import org.jspecify.annotations.NullMarked;
