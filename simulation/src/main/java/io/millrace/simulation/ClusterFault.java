package io.millrace.simulation;

/** What may go wrong, or be asked for, in a cluster. */
enum ClusterFault {
  /** A process is killed and starts again after a while. */
  CRASH,
  /** The same of the one that commits for the others. */
  SCRIBE_CRASH,
  /** A process does nothing for a while and goes on as if nothing had been. */
  STOP_AND_CONTINUE,
  SCRIBE_STOP,
  /** One loop of a process does nothing for a while. */
  STALLED_LOOP,
  LEAVE,
  JOIN,
  /** A process with the node id and the configuration of another. */
  TWIN,
  /** Any broker is asked to move leaders. */
  HANDOVERS,
  LOG_START_MOVE,
  CLOCK_JUMP,
  STORE_ROUGH,
  STORE_OUTAGE_FOR_ONE,
  STORE_OUTAGE_FOR_ALL,
  STORE_THROTTLES_ONE,
  /** One party cannot reach another; the way back is whole. */
  BROKEN_WAY,
  /** A broker reaches the store and no other broker, nor they it. */
  ISOLATED,
  /** Messages get lost, come twice, and break connections. */
  LOSSES
}
