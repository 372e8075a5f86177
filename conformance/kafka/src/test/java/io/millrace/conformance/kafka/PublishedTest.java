package io.millrace.conformance.kafka;

/**
 * A test method that Apache Kafka has published.
 *
 * @param owner full name of the class
 */
record PublishedTest(String owner, String method) implements Comparable<PublishedTest> {

  /** Of {@code class#method}. */
  static PublishedTest of(String name) {
    int hash = name.indexOf('#');
    if (hash < 0) {
      throw new IllegalArgumentException(name + " is not CLASS#METHOD");
    }
    return new PublishedTest(name.substring(0, hash), name.substring(hash + 1));
  }

  @Override
  public int compareTo(PublishedTest other) {
    return toString().compareTo(other.toString());
  }

  @Override
  public String toString() {
    return owner + "#" + method;
  }
}
