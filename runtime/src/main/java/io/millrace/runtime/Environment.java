package io.millrace.runtime;

/** All of the outside world a broker gets besides its store and its network. */
public record Environment(Clock clock, Randomness randomness, Threads threads, Disk disk) {
  /** The same with other threads. */
  public Environment with(Threads others) {
    return new Environment(clock, randomness, others, disk);
  }
}
