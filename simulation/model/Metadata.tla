------------------------------ MODULE Metadata ------------------------------
(***************************************************************************)
(* The metadata log of docs/architecture.md: entries put if absent,        *)
(* boundaries, commands with numbers, snapshots and their collection       *)
(* (design sections 3 and 9: I5, I8, I13 aside).  Any broker may do any    *)
(* step at any time, so a stalled writer, reader, scribe or collector is   *)
(* simply a step that comes late.  A put stays in `air` until it happens,  *)
(* which may be after its number was collected, or never; its reply        *)
(* arrives or is lost.                                                     *)
(*                                                                         *)
(* An entry carries the hash of its predecessor, so it stands for one      *)
(* history and is modelled as that history: the sequence of <<command>>    *)
(* records that ends with its own.  An image is the history it was made    *)
(* from; State computes its content.  One command per entry: an entry with *)
(* several behaves as several entries of one writer, since each command is *)
(* decided after the ones before it.                                       *)
(***************************************************************************)
EXTENDS Naturals, Sequences, FiniteSets, TLC

CONSTANTS
  Broker,      \* all are registered at the beginning
  Entries,     \* numbers of entries: 1..Entries
  Boundaries,  \* numbers of boundaries: 1..Boundaries
  Commands,    \* commands a broker may issue
  Uploads,     \* objects and snapshots a broker may upload
  Kinds,       \* kinds of commands: plain, again, noop, list, floor, fence
  Weaken       \* rules that are taken away

VARIABLES
  log,   \* meta/log/<n>: the entry, or None
  bound, \* meta/boundary/<k>: {history it ends, snapshot}, or None
  objs,  \* stored snapshots and data objects, as <<writer, counter>>
  air,   \* puts that may still happen
  pool,  \* commands ever handed to a scribe; each may be used at any time
  mem,   \* what each broker knows and does
  hist,  \* ghost: the one history, entries in the order they were first stored
  ans,   \* ghost: <<command, applied?>> as told to clients
  stale  \* ghost: a broker took an old image for the newest

vars == <<log, bound, objs, air, pool, mem, hist, ans, stale>>
None == <<>>
Weak(rule) == rule \in Weaken

(***************************************************************************)
(* The image                                                               *)
(***************************************************************************)
Empty ==
  [last   |-> [b \in Broker |-> 0],  \* number of the last command applied
   fenced |-> {},
   floor  |-> [b \in Broker |-> 1],  \* upload floor
   listed |-> {},                    \* data objects
   done   |-> <<>>]                  \* commands that took effect, in order

Void(s, c) ==
  \/ c.by \in s.fenced /\ ~Weak("void after fence")
  \/ c.num # s.last[c.by] + 1 /\ ~Weak("command number")
  \* I8: a record that newly lists a deletable object
  \/ /\ c.kind = "list" /\ ~Weak("late listing")
     /\ c.arg < s.floor[c.by] \/ c.by \in s.fenced

Applied(s, c) ==
  [last   |-> [s.last EXCEPT ![c.by] = c.num],
   fenced |-> IF c.kind = "fence" THEN s.fenced \cup {c.arg} ELSE s.fenced,
   floor  |-> IF c.kind = "floor" THEN [s.floor EXCEPT ![c.by] = c.arg] ELSE s.floor,
   listed |-> IF c.kind = "list" THEN s.listed \cup {<<c.by, c.arg>>} ELSE s.listed,
   done   |-> Append(s.done, c)]

RECURSIVE State(_)
State(h) ==
  IF h = <<>> THEN Empty
  ELSE LET s == State(SubSeq(h, 1, Len(h) - 1))
           c == h[Len(h)].cmd
       IN  IF Void(s, c) THEN s ELSE Applied(s, c)

IsPrefix(g, h) == Len(g) <= Len(h) /\ SubSeq(h, 1, Len(g)) = g
Extends(h, g) == Len(h) = Len(g) + 1 /\ SubSeq(h, 1, Len(g)) = g
KnowsFenced(b) == b \in State(mem[b].img).fenced
BoundaryNumber(b) == IF mem[b].k = 0 THEN 0 ELSE Len(bound[mem[b].k].hist)

Init ==
  /\ log = [n \in 1..Entries |-> None]
  /\ bound = [k \in 1..Boundaries |-> None]
  /\ objs = {} /\ air = {} /\ pool = {} /\ hist = <<>> /\ ans = {} /\ stale = FALSE
  /\ mem = [b \in Broker |->
       [img  |-> <<>>,   \* validated history
        run  |-> <<>>,   \* what was read beyond it, not validated yet
        k    |-> 0,      \* newest boundary I know
        pc   |-> "idle",
        why  |-> "",     \* what the check of boundary k+1 is for
        tip  |-> 0,      \* ghost: true length when n+1 was found absent
        att  |-> None,   \* the entry whose put is not settled
        snap |-> None,   \* <<counter, history>> of a snapshot not named yet
        up   |-> None,   \* <<counter>> of a data object no command names yet
        out  |-> None,   \* the command not settled
        ids  |-> 0,      \* commands issued
        cnt  |-> 0]]     \* uploads begun

(***************************************************************************)
(* Commands: issued under the next number, handed to anyone, settled by    *)
(* the image alone.                                                        *)
(***************************************************************************)
\* Every lower counter is listed, named by a stored boundary, or given up.
Min(S) == CHOOSE n \in S : \A m \in S : n <= m
Floor(b) ==
  IF Weak("upload floor") THEN mem[b].cnt + 1
  ELSE Min({mem[b].cnt + 1} \cup (IF mem[b].up = None THEN {} ELSE {mem[b].up[1]})
                           \cup (IF mem[b].snap = None THEN {} ELSE {mem[b].snap[1]}))

Argument(b, kind) ==
  CASE kind = "plain" -> {0}
    [] kind = "fence" -> Broker \ {b}
    [] kind = "list"  -> IF mem[b].up = None THEN {} ELSE {mem[b].up[1]}
    [] kind = "floor" -> {Floor(b)}

Upload(b) ==
  /\ "list" \in Kinds /\ mem[b].pc = "idle" /\ mem[b].up = None /\ ~KnowsFenced(b)
  /\ mem[b].cnt < Uploads
  /\ objs' = objs \cup {<<b, mem[b].cnt + 1>>}
  /\ mem' = [mem EXCEPT ![b].cnt = @ + 1, ![b].up = <<mem[b].cnt + 1>>]
  /\ UNCHANGED <<log, bound, air, pool, hist, ans, stale>>

Command(b, req, kind, arg) ==
  [by |-> b, num |-> State(mem[b].img).last[b] + 1, req |-> req, kind |-> kind, arg |-> arg]

MayIssue(b) ==
  mem[b].pc = "idle" /\ mem[b].out = None /\ ~KnowsFenced(b) /\ mem[b].ids < Commands

Issue(b) ==
  /\ MayIssue(b)
  /\ \E kind \in Kinds \ {"noop", "again"} : \E arg \in Argument(b, kind) :
       LET c == Command(b, <<b, mem[b].ids + 1>>, kind, arg)
       IN  /\ pool' = pool \cup {c}
           /\ mem' = [mem EXCEPT ![b].out = c, ![b].ids = @ + 1,
                        ![b].up = IF kind = "list" THEN None ELSE @]
  /\ UNCHANGED <<log, bound, objs, air, hist, ans, stale>>

\* A client whose broker was fenced before it answered asks another one for the same.
IssueAgain(b) ==
  /\ "again" \in Kinds /\ MayIssue(b)
  /\ \E old \in pool :
       LET s == State(mem[b].img)
           c == Command(b, old.req, old.kind, old.arg)
       IN  /\ old.kind = "plain" /\ old.by \in s.fenced
           /\ \A i \in DOMAIN s.done : s.done[i].req # old.req
           /\ pool' = pool \cup {c}
           /\ mem' = [mem EXCEPT ![b].out = c, ![b].ids = @ + 1]
  /\ UNCHANGED <<log, bound, objs, air, hist, ans, stale>>

\* The issuer would rather not wait: a no-op under the same number.
GiveUp(b) ==
  /\ "noop" \in Kinds /\ mem[b].pc = "idle" /\ mem[b].out # None
  /\ pool' = pool \cup {[mem[b].out EXCEPT !.req = <<b, 0>>, !.kind = "noop", !.arg = 0]}
  /\ IF Weak("give up")
     THEN /\ ans' = ans \cup {<<mem[b].out, FALSE>>}
          /\ mem' = [mem EXCEPT ![b].out = None]
     ELSE UNCHANGED <<ans, mem>>
  /\ UNCHANGED <<log, bound, objs, air, hist, stale>>

\* The image settles the command: what the client is told when b's image becomes h.
Settled(b, h) == mem[b].out # None /\ State(h).last[b] >= mem[b].out.num
Answer(b, h) ==
  LET done == State(h).done
  IN  IF Settled(b, h)
      THEN {<<mem[b].out, \E i \in DOMAIN done : done[i] = mem[b].out>>} ELSE {}
Unsettled(b, h) == IF Settled(b, h) THEN None ELSE mem[b].out

(***************************************************************************)
(* Commit: decide on image n-1, put at n.                                  *)
(***************************************************************************)
Send(b, put) == air' = air \cup {put}
LogPut(b, entry) == [to |-> "log", n |-> Len(entry), val |-> entry, by |-> b]

Commit(b) ==
  /\ mem[b].pc = "idle" /\ mem[b].run = mem[b].img /\ Len(mem[b].img) < Entries
  /\ ~KnowsFenced(b)
  /\ \E c \in pool :
       LET entry == Append(mem[b].img, [by |-> b, cmd |-> c])
       IN  /\ ~Void(State(mem[b].img), c)
           /\ Send(b, LogPut(b, entry))
           /\ mem' = [mem EXCEPT ![b].att = entry, ![b].pc = "put"]
  /\ UNCHANGED <<log, bound, objs, pool, hist, ans, stale>>

\* Unknown: the same bytes again.
Retry(b) ==
  /\ mem[b].pc = "put"
  /\ \E c \in pool :
       LET entry == IF Weak("same bytes") /\ ~Void(State(mem[b].img), c)
                    THEN Append(mem[b].img, [by |-> b, cmd |-> c]) ELSE mem[b].att
       IN  /\ Send(b, LogPut(b, entry))
           /\ mem' = [mem EXCEPT ![b].att = entry]
  /\ UNCHANGED <<log, bound, objs, pool, hist, ans, stale>>

LandLog(p) ==
  LET stored  == log[p.n] = None
      waiting == mem[p.by].pc = "put" /\ Len(mem[p.by].att) = p.n
  IN  /\ p.to = "log"
      /\ air' = air \ {p}
      /\ log' = IF stored THEN [log EXCEPT ![p.n] = p.val] ELSE log
      /\ hist' = IF stored /\ p.n > Len(hist) THEN p.val ELSE hist
      /\ \/ stored /\ UNCHANGED mem  \* the reply is lost
         \/ waiting /\ mem' = IF stored
              THEN [mem EXCEPT ![p.by].run = mem[p.by].att, ![p.by].pc = "check", ![p.by].why = "create"]
              ELSE [mem EXCEPT ![p.by].pc = "exists"]
      /\ UNCHANGED <<bound, objs, pool, ans, stale>>

\* Exists: read what stands there; the image will say what became of the command.
Exists(b) ==
  LET n     == Len(mem[b].att)
      found == Extends(log[n], mem[b].img)
      mine  == mem[b].out # None /\ mem[b].att[n].cmd = mem[b].out
      again == [mem[b].out EXCEPT !.num = @ + 1]
  IN  /\ mem[b].pc = "exists"
      /\ mem' = [mem EXCEPT ![b].pc = "check", ![b].att = None,
                   ![b].run = IF Weak("exists is ours") THEN mem[b].att
                              ELSE IF found THEN log[n] ELSE @,
                   ![b].why = IF found THEN "read" ELSE "gone",
                   ![b].out = IF Weak("exists is theirs") /\ mine THEN again ELSE @]
      /\ pool' = IF Weak("exists is theirs") /\ mine THEN pool \cup {again} ELSE pool
      /\ UNCHANGED <<log, bound, objs, air, hist, ans, stale>>

(***************************************************************************)
(* Reading, and the check of boundary k+1.                                 *)
(***************************************************************************)
ReadNext(b) ==
  LET n == Len(mem[b].run) + 1
  IN  /\ mem[b].pc = "idle" /\ n <= Entries /\ Extends(log[n], mem[b].run)
      /\ mem' = [mem EXCEPT ![b].run = log[n]]
      /\ UNCHANGED <<log, bound, objs, air, pool, hist, ans, stale>>

\* The last number is found absent: with the check, my image is the newest.
\* (One check may serve a run and the absent number behind it.)
FindEnd(b) ==
  LET n == Len(mem[b].img) + 1
  IN  /\ mem[b].pc = "idle" /\ mem[b].run = mem[b].img
      /\ n <= Entries => ~Extends(log[n], mem[b].img)
      /\ mem' = [mem EXCEPT ![b].pc = "check", ![b].why = "absent", ![b].tip = Len(hist)]
      /\ UNCHANGED <<log, bound, objs, air, pool, hist, ans, stale>>

\* A snapshot not named yet is given up when a boundary is adopted.
Kept(b, k) ==
  IF Weak("growing number") /\ bound[k].snap[1] # b THEN mem[b].snap ELSE None

Check(b) ==
  LET k    == mem[b].k + 1
      read == mem[b].pc = "idle" /\ mem[b].run # mem[b].img  \* a run was read
      why  == IF read THEN "read" ELSE mem[b].why
      skip == Weak("check after " \o why)
      free == k > Boundaries \/ bound[k] = None
      m    == Len(bound[k].hist)
  IN  /\ mem[b].pc = "check" \/ read
      /\ IF skip \/ free
         THEN /\ mem' = [mem EXCEPT ![b].img = mem[b].run, ![b].pc = "idle", ![b].why = "",
                           ![b].tip = 0, ![b].att = None, ![b].out = Unsettled(b, mem[b].run)]
              /\ ans' = ans \cup Answer(b, mem[b].run)
              /\ stale' = (stale \/ (why = "absent" /\ Len(mem[b].img) < mem[b].tip))
         ELSE /\ IF Len(mem[b].img) >= m \/ IsPrefix(bound[k].hist, mem[b].run)
                 THEN mem' = [mem EXCEPT ![b].k = k, ![b].snap = Kept(b, k), ![b].pc = "check", ![b].why = why]
                 ELSE mem' = [mem EXCEPT ![b].k = k, ![b].snap = Kept(b, k), ![b].pc = "load", ![b].why = "",
                                ![b].run = mem[b].img, ![b].tip = 0, ![b].att = None]
              /\ UNCHANGED <<ans, stale>>
      /\ UNCHANGED <<log, bound, objs, air, pool, hist>>

\* A snapshot that is gone means that a newer boundary exists.
Load(b) ==
  LET k == mem[b].k
  IN  /\ mem[b].pc = "load"
      /\ IF bound[k].snap \in objs
         THEN mem' = [mem EXCEPT ![b].img = bound[k].hist, ![b].run = bound[k].hist,
                        ![b].pc = "check", ![b].why = "load", ![b].tip = 0, ![b].att = None,
                        ![b].out = Unsettled(b, bound[k].hist)]
              /\ ans' = ans \cup Answer(b, bound[k].hist)
         ELSE /\ k < Boundaries /\ bound[k + 1] # None
              /\ mem' = [mem EXCEPT ![b].k = k + 1] /\ UNCHANGED ans
      /\ UNCHANGED <<log, bound, objs, air, pool, hist, stale>>

\* Start, or "not found": the newest boundary, by doubling and bisecting.
Reload(b) ==
  /\ mem[b].pc = "idle"
  /\ \E k \in 1..Boundaries :
       /\ bound[k] # None /\ (k < Boundaries => bound[k + 1] = None)
       /\ mem' = [mem EXCEPT ![b].k = k, ![b].pc = "load", ![b].snap = None]
  /\ UNCHANGED <<log, bound, objs, air, pool, hist, ans, stale>>

(***************************************************************************)
(* Boundaries and collection: snapshot, boundary, deletion, in this order. *)
(***************************************************************************)
Snapshot(b) ==
  LET key == <<b, mem[b].cnt + 1>>
  IN  /\ mem[b].pc = "idle" /\ mem[b].snap = None
      /\ ~KnowsFenced(b) \/ Weak("no boundary once fenced")
      /\ mem[b].cnt < Uploads /\ mem[b].k < Boundaries
      /\ Len(mem[b].img) > BoundaryNumber(b)
      /\ mem' = [mem EXCEPT ![b].cnt = @ + 1, ![b].snap = <<key[2], mem[b].img>>]
      /\ objs' = IF Weak("snapshot before boundary") THEN objs ELSE objs \cup {key}
      /\ UNCHANGED <<log, bound, air, pool, hist, ans, stale>>

BoundaryPut(b) ==
  [to |-> "bound", n |-> mem[b].k + 1, by |-> b,
   val |-> [hist |-> mem[b].snap[2], snap |-> <<b, mem[b].snap[1]>>]]

PutBoundary(b) ==
  /\ mem[b].pc = "idle" /\ mem[b].snap # None /\ mem[b].k < Boundaries
  /\ ~KnowsFenced(b) \/ Weak("no boundary once fenced")
  /\ Len(mem[b].snap[2]) > BoundaryNumber(b) \/ Weak("growing number")
  /\ Send(b, BoundaryPut(b))
  /\ mem' = [mem EXCEPT ![b].pc = "bound"]
  /\ UNCHANGED <<log, bound, objs, pool, hist, ans, stale>>

RetryBoundary(b) ==
  /\ mem[b].pc = "bound"
  /\ IF Weak("settle the boundary")
     THEN mem' = [mem EXCEPT ![b].pc = "idle", ![b].snap = None] /\ UNCHANGED air
     ELSE Send(b, BoundaryPut(b)) /\ UNCHANGED mem
  /\ UNCHANGED <<log, bound, objs, pool, hist, ans, stale>>

\* Stored or Exists, boundary k+1 is there now and gets adopted by the check.
LandBoundary(p) ==
  /\ p.to = "bound"
  /\ air' = air \ {p}
  /\ bound' = IF bound[p.n] = None THEN [bound EXCEPT ![p.n] = p.val] ELSE bound
  /\ \/ bound[p.n] = None /\ UNCHANGED mem
     \/ /\ mem[p.by].pc = "bound" /\ mem[p.by].k + 1 = p.n
        /\ mem' = [mem EXCEPT ![p.by].pc = "check", ![p.by].why = "boundary"]
  /\ UNCHANGED <<log, objs, pool, hist, ans, stale>>

\* From the lowest key on; again and again, since a late put may have made one anew.
CollectEntry(b) ==
  LET top == IF Weak("boundary before deletion") /\ mem[b].snap # None
             THEN Len(mem[b].snap[2]) ELSE BoundaryNumber(b)
  IN  /\ \E n \in 1..top :
           /\ log[n] # None /\ \A l \in 1..(n - 1) : log[l] = None
           /\ log' = [log EXCEPT ![n] = None]
      /\ UNCHANGED <<bound, objs, air, pool, mem, hist, ans, stale>>

\* I8, decided at the collector's boundary.
CollectObject(b) ==
  /\ mem[b].k > 0
  /\ LET at == bound[mem[b].k]
         s  == State(at.hist)
     IN  \E o \in objs :
           /\ o \notin s.listed /\ o # at.snap
           /\ o[2] < s.floor[o[1]] \/ o[1] \in s.fenced
           /\ objs' = objs \ {o}
  /\ UNCHANGED <<log, bound, air, pool, mem, hist, ans, stale>>

Next ==
  \/ \E b \in Broker :
       \/ Upload(b) \/ Issue(b) \/ IssueAgain(b) \/ GiveUp(b) \/ Commit(b) \/ Retry(b) \/ Exists(b)
       \/ ReadNext(b) \/ FindEnd(b) \/ Check(b) \/ Load(b) \/ Reload(b)
       \/ Snapshot(b) \/ PutBoundary(b) \/ RetryBoundary(b)
       \/ CollectEntry(b) \/ CollectObject(b)
  \/ \E p \in air : LandLog(p) \/ LandBoundary(p)

Spec == Init /\ [][Next]_vars
Symmetry == Permutations(Broker)

(***************************************************************************)
(* What must hold                                                          *)
(***************************************************************************)
\* Everything a broker or a boundary believes is a prefix of one history.
NoFork ==
  /\ \A b \in Broker : IsPrefix(mem[b].img, hist)
  /\ \A k \in 1..Boundaries : bound[k] # None => IsPrefix(bound[k].hist, hist)

\* A broker that found the end of the log has the newest image.
NoStaleEnd == ~stale

Done == State(hist).done
CommandOnce ==
  \A i, j \in DOMAIN Done : Done[i].kind # "noop" /\ Done[i].req = Done[j].req => i = j
AnswersHold == \A a \in ans : a[2] <=> \E i \in DOMAIN Done : Done[i] = a[1]

\* Nothing is missing that an image at or after the newest boundary needs.
Newest == CHOOSE k \in 0..Boundaries :
            /\ \A j \in 1..Boundaries : (bound[j] # None) <=> (j <= k)
NothingReferencedDeleted ==
  LET k == Newest
      m == IF k = 0 THEN 0 ELSE Len(bound[k].hist)
  IN  /\ k > 0 => bound[k].snap \in objs
      /\ \A n \in (m + 1)..Len(hist) : log[n] = SubSeq(hist, 1, n)
      /\ State(hist).listed \subseteq objs
=============================================================================
