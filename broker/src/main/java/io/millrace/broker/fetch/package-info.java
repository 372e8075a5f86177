/** What fetch requests need beyond one request: sessions, and waiting for data. */
@NullMarked
package io.millrace.broker.fetch;

import org.jspecify.annotations.NullMarked;
