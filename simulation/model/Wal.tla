-------------------------------- MODULE Wal --------------------------------
(***************************************************************************)
(* The write-ahead log on a shared store: acknowledging, fencing, sealing, *)
(* recovery, handover, collection and proof of leadership, for one         *)
(* partition (design sections 4, 5 ObjectWal, 7; I1-I5, I8, I12, I14, I15).*)
(*                                                                         *)
(* The metadata is one image `meta` that commands change atomically.  That *)
(* is what Metadata.tla shows: one history without forks in which each     *)
(* command takes effect once or never, at any time after it was issued.    *)
(* Every life works on its own, possibly old, view of it.                  *)
(*                                                                         *)
(* A life is one registered life of a process; its writer id names its WAL *)
(* and its incarnation.  A put stays in `air` until it happens - also much *)
(* later, when its number was sealed or collected - and its reply arrives  *)
(* or is lost.  A stalled process is one whose steps come late.            *)
(***************************************************************************)
EXTENDS Naturals, Sequences, FiniteSets

CONSTANTS
  Lives,    \* 1..Lives, registered in this order; life 1 leads at first
  Nodes,    \* node ids: 1..Nodes
  Numbers,  \* WAL numbers a life may use: 1..Numbers
  Records,  \* records produced in all
  Window,   \* puts in flight
  Epochs,   \* no handover at or above this leader epoch
  Features, \* parts of the protocol in this run: handover, merge, collect, ask, duplicate
  Weaken    \* rules that are taken away

VARIABLES
  meta,    \* the newest image
  wal,     \* wal/<writer>/<number>: None, Seal, or the entry: its records
  fence,   \* writers w for which fence/<w> exists
  air,     \* puts that may still happen
  cmds,    \* commands issued and not applied
  mem,     \* what each life knows and does
  col,     \* the collector's boundary: an image, perhaps an old one
  ref,     \* ghost: WAL objects listed by an image at or after that boundary
  made,    \* ghost: records produced so far
  acked,   \* ghost: <<offset, record, epoch, life>> told to a producer
  refused, \* ghost: records told to be not written
  flaw     \* ghost: what went wrong in a step

vars == <<meta, wal, fence, air, cmds, mem, col, ref, made, acked, refused, flaw>>
None == <<>>
Seal == << <<99, 0, 0>> >>
Weak(rule) == rule \in Weaken
Has(feature) == feature \in Features
Life == 1..Lives
IsEntry(x) == x # None /\ x # Seal

(***************************************************************************)
(* Lives                                                                   *)
(***************************************************************************)
\* A life that ended has dropped all it knew (section 4); its puts may still be in the air.
Blank ==
  [state |-> "none",  \* none, runs, ended
   node |-> 0, w |-> 0, view |-> None,
   open |-> 0,        \* epoch at which the partition is open
   shut |-> FALSE,    \* closed for a handover
   end |-> 0,         \* next offset
   hw |-> 0,          \* end of what is durable
   next |-> 1,        \* next WAL number
   ent |-> [s \in 1..Numbers |-> None],
   got |-> {},        \* numbers known stored
   dur |-> 0,         \* last number stored in order
   ask |-> None]      \* a request that needs proof of leadership
Ended == [Blank EXCEPT !.state = "ended"]
Runs(l) == mem[l].state = "runs"

Live(x, n) == \E w \in Life : x.st[w] = "registered" /\ x.nodeOf[w] = n
Writer(x, n) == CHOOSE w \in Life :
  /\ x.st[w] = "registered" /\ x.nodeOf[w] = n
  /\ \A v \in Life : x.st[v] = "registered" /\ x.nodeOf[v] = n => v <= w

\* The image names leaders by node id, as Kafka does.
Leads(l) == Runs(l) /\ mem[l].view.leader = mem[l].node
IsOpen(l) == Leads(l) /\ mem[l].open = mem[l].view.epoch /\ ~mem[l].shut

\* What a life, and what the collector, looks at in an image.
View(x, w) == [leader |-> x.leader, epoch |-> x.epoch, trim |-> x.trim[w], log |-> x.log]
Bounded(x) == [st |-> x.st, trim |-> x.trim, last |-> x.last, listed |-> x.listed]

Fenced(x, w) ==
  [x EXCEPT !.st[w] = "fenced", !.leader = IF x.own = w THEN 0 ELSE @]
LeaderIs(x, n) ==
  [x EXCEPT !.leader = n, !.own = Writer(x, n), !.epoch = @ + 1]

\* Commands of a fenced incarnation are void for ever: the model forgets them.
Dead(w) == IF Weak("void after fence") THEN cmds ELSE {c \in cmds : c.w # w}

FirstImage ==
  [st     |-> [w \in Life |-> IF w = 1 THEN "registered" ELSE "none"],
   nodeOf |-> [w \in Life |-> IF w = 1 THEN 1 ELSE 0],
   trim   |-> [w \in Life |-> 0],
   last   |-> [w \in Life |-> 0],  \* number of the seal that ends the log, once recovered
   leader |-> 1, own |-> 1, epoch |-> 1,
   log    |-> <<>>,                \* records of the partition that are published
   listed |-> {}]                  \* WAL objects that hold them (others are merged)

Init ==
  /\ meta = FirstImage /\ col = Bounded(FirstImage)
  /\ wal = [w \in Life |-> [s \in 1..(Numbers + 1) |-> None]]
  /\ fence = {} /\ air = {} /\ cmds = {} /\ ref = {}
  /\ made = 0 /\ acked = {} /\ refused = {} /\ flaw = ""
  /\ mem = [l \in Life |-> IF l = 1
       THEN [Blank EXCEPT !.state = "runs", !.node = 1, !.w = 1, !.view = View(FirstImage, 1), !.open = 1]
       ELSE Blank]

\* Command 0: a new writer id, and the older incarnation of the node id is fenced.
Register(l) ==
  /\ mem[l].state = "none" /\ \A j \in 1..(l - 1) : mem[j].state # "none"
  /\ \E n \in 1..Nodes :
       LET older == {w \in Life : meta.st[w] = "registered" /\ meta.nodeOf[w] = n}
           old   == CHOOSE w \in older : TRUE
           x     == IF older # {} /\ ~Weak("fence the older") THEN Fenced(meta, old) ELSE meta
           y     == [x EXCEPT !.st[l] = "registered", !.nodeOf[l] = n]
           life  == [Blank EXCEPT !.state = "runs", !.node = n, !.w = l, !.view = View(y, l)]
       IN  IF Weak("new writer id") /\ older # {}
           THEN /\ mem' = [mem EXCEPT ![l] = [life EXCEPT !.w = old, !.view = View(meta, old)]]
                /\ UNCHANGED <<meta, cmds>>
           ELSE /\ meta' = y /\ mem' = [mem EXCEPT ![l] = life]
                /\ cmds' = IF x = meta THEN cmds ELSE Dead(old)
  /\ UNCHANGED <<wal, fence, air, col, ref, made, acked, refused, flaw>>

Look(l) ==
  /\ Runs(l)
  /\ mem' = [mem EXCEPT ![l] = IF meta.st[mem[l].w] = "registered"
                                THEN [mem[l] EXCEPT !.view = View(meta, mem[l].w)] ELSE Ended]
  /\ UNCHANGED <<meta, wal, fence, air, cmds, col, ref, made, acked, refused, flaw>>

Open(l) ==
  /\ Leads(l) /\ mem[l].open < mem[l].view.epoch
  /\ mem' = [mem EXCEPT ![l].open = mem[l].view.epoch, ![l].shut = FALSE, ![l].ask = None,
               ![l].end = Len(mem[l].view.log), ![l].hw = Len(mem[l].view.log)]
  /\ UNCHANGED <<meta, wal, fence, air, cmds, col, ref, made, acked, refused, flaw>>

(***************************************************************************)
(* Writing.  An acknowledgement is sent as soon as it may be: an earlier   *)
(* one only asks for more.                                                 *)
(***************************************************************************)
Put(l, s, entry) == [l |-> l, w |-> mem[l].w, s |-> s, entry |-> entry]
Acks(l, entry) == {<<entry[i][1], entry[i][2], entry[i][3], l>> : i \in DOMAIN entry}

AppendRecord(l) ==
  LET s     == mem[l].next
      entry == << <<mem[l].end, made + 1, mem[l].open>> >>
  IN  /\ IsOpen(l) /\ s <= Numbers /\ s - mem[l].dur <= Window /\ made < Records
      /\ made' = made + 1
      /\ mem' = [mem EXCEPT ![l].next = s + 1, ![l].end = @ + 1, ![l].ent[s] = entry]
      /\ air' = air \cup {Put(l, s, entry)}
      /\ acked' = IF Weak("put before ack") THEN acked \cup Acks(l, entry) ELSE acked
      /\ UNCHANGED <<meta, wal, fence, cmds, col, ref, refused, flaw>>

\* Unknown, or a hedge: the bytes of a number are those of its first attempt.
Retry(l, s) ==
  /\ Runs(l) /\ s < mem[l].next /\ s \notin mem[l].got
  /\ \/ /\ air' = air \cup {Put(l, s, mem[l].ent[s])}
        /\ UNCHANGED <<mem, made>>
     \/ /\ Weak("same bytes") /\ s = mem[l].next - 1 /\ made < Records /\ IsOpen(l)
        /\ LET entry == Append(mem[l].ent[s], <<mem[l].end, made + 1, mem[l].open>>)
           IN  /\ air' = air \cup {Put(l, s, entry)}
               /\ mem' = [mem EXCEPT ![l].ent[s] = entry, ![l].end = @ + 1]
        /\ made' = made + 1
  /\ UNCHANGED <<meta, wal, fence, cmds, col, ref, acked, refused, flaw>>

\* What is durable once number s of life l is known stored: everything up to the first gap.
Reach(l, got) ==
  CHOOSE d \in mem[l].dur..Numbers :
    /\ \A s \in (mem[l].dur + 1)..d : s \in got
    /\ d + 1 \notin got

Stored(l, s) ==
  LET got   == mem[l].got \cup {s}
      d     == Reach(l, got)
      fresh == (mem[l].dur + 1)..d
      acks  == IF Weak("ack order") THEN {s} ELSE fresh
      last  == mem[l].ent[d]
  IN  /\ mem' = [mem EXCEPT ![l].got = got, ![l].dur = d,
                   ![l].hw = IF fresh # {} THEN last[Len(last)][1] + 1 ELSE @]
      /\ acked' = acked \cup UNION {Acks(l, mem[l].ent[t]) : t \in acks}

Land(p) ==
  LET here  == wal[p.w][p.s]
      knows == Runs(p.l) /\ p.s \notin mem[p.l].got
      own   == here = mem[p.l].ent[p.s]
  IN  /\ air' = air \ {p}
      /\ wal' = IF here = None THEN [wal EXCEPT ![p.w][p.s] = p.entry] ELSE wal
      /\ \/ here = None /\ UNCHANGED <<mem, acked, refused>>  \* the reply is lost
         \/ /\ knows /\ here = None
            /\ Stored(p.l, p.s) /\ UNCHANGED refused
         \* Exists: read it and compare
         \/ /\ knows /\ here # None /\ ~Weak("exists is theirs") /\ (own \/ Weak("exists is ours"))
            /\ Stored(p.l, p.s) /\ UNCHANGED refused
         \/ /\ knows /\ here # None /\ ~own /\ ~Weak("exists is ours")
            /\ mem' = [mem EXCEPT ![p.l] = Ended] /\ UNCHANGED <<acked, refused>>
         \/ /\ knows /\ here # None /\ Weak("exists is theirs")
            /\ refused' = refused \cup {mem[p.l].ent[p.s][1][2]}
            /\ mem' = [mem EXCEPT ![p.l] = Ended] /\ UNCHANGED acked
      /\ UNCHANGED <<meta, fence, cmds, col, ref, made, flaw>>

\* The same record again from its producer: answered when the first one is durable (I1).
Duplicate(l, s) ==
  /\ Has("duplicate") /\ IsOpen(l) /\ s < mem[l].next
  /\ s <= mem[l].dur \/ Weak("duplicate waits")
  /\ acked' = acked \cup Acks(l, mem[l].ent[s])
  /\ UNCHANGED <<meta, wal, fence, air, cmds, mem, col, ref, made, refused, flaw>>

(***************************************************************************)
(* Publishing and handover: commands, applied later or never.              *)
(***************************************************************************)
Publish(l) ==
  /\ Runs(l)
  /\ LET w    == mem[l].w
         from == mem[l].view.trim
     IN  /\ from < mem[l].dur
         /\ cmds' = cmds \cup
              {[kind |-> "publish", w |-> w, epoch |-> 0, to |-> 0, from |-> from,
                ents |-> SubSeq(mem[l].ent, from + 1, mem[l].dur)]}
  /\ UNCHANGED <<meta, wal, fence, air, mem, col, ref, made, acked, refused, flaw>>

Shut(l) ==
  /\ Has("handover") /\ IsOpen(l) /\ mem[l].open < Epochs
  /\ mem' = [mem EXCEPT ![l].shut = TRUE, ![l].ask = None]
  /\ UNCHANGED <<meta, wal, fence, air, cmds, col, ref, made, acked, refused, flaw>>

HandOver(l) ==
  /\ Has("handover") /\ Leads(l) /\ mem[l].open = mem[l].view.epoch /\ mem[l].open < Epochs
  /\ mem[l].shut \/ Weak("handover: closed")
  /\ mem[l].dur = mem[l].next - 1 \/ Weak("handover: settled")
  /\ mem[l].view.trim = mem[l].dur \/ Weak("handover: published")
  /\ \E n \in (1..Nodes) \ {mem[l].node} :
       cmds' = cmds \cup {[kind |-> "handover", w |-> mem[l].w, epoch |-> mem[l].open, to |-> n,
                              from |-> 0, ents |-> <<>>]}
  /\ UNCHANGED <<meta, wal, fence, air, mem, col, ref, made, acked, refused, flaw>>

RECURSIVE Flat(_)
Flat(ents) == IF ents = <<>> THEN <<>> ELSE Head(ents) \o Flat(Tail(ents))

\* List the entries of writer w at numbers from+1 on (number i is ents[i - from]; gaps are None).
List(x, w, from, ents) ==
  LET new == Flat(ents)
  IN  [x EXCEPT !.log = @ \o [i \in DOMAIN new |-> new[i][2]],
                !.listed = @ \cup {<<w, from + i>> : i \in {j \in DOMAIN ents : ents[j] # None}}]
\* I3: dense, and what is listed is what is stored.
ListFlaw(x, w, from, ents) ==
  LET new == Flat(ents)
  IN  IF \E i \in DOMAIN new : new[i][1] # Len(x.log) + i - 1 THEN "offsets not dense"
      ELSE IF \E i \in DOMAIN ents : ents[i] # wal[w][from + i] THEN "listed object missing"
      ELSE flaw

\* Void: not registered, or what it relies on is no longer so (section 3).
Void(c) ==
  \/ meta.st[c.w] # "registered" /\ ~Weak("void after fence")
  \/ c.kind = "publish" /\ meta.trim[c.w] # c.from
  \* I8: a record that newly lists a deletable object
  \/ c.kind = "publish" /\ meta.st[c.w] = "recovered" /\ ~Weak("late listing")
  \/ c.kind = "handover" /\ (meta.own # c.w \/ meta.epoch # c.epoch \/ ~Live(meta, c.to))

Apply(c) ==
  /\ cmds' = cmds \ {c}
  /\ IF Void(c) THEN UNCHANGED <<meta, ref, flaw>>
     ELSE IF c.kind = "publish"
     THEN /\ meta' = [List(meta, c.w, c.from, c.ents) EXCEPT !.trim[c.w] = c.from + Len(c.ents)]
          /\ ref' = ref \cup meta'.listed
          /\ flaw' = ListFlaw(meta, c.w, c.from, c.ents)
     ELSE meta' = LeaderIs(meta, c.to) /\ UNCHANGED <<ref, flaw>>
  /\ UNCHANGED <<wal, fence, air, mem, col, made, acked, refused>>

\* Nobody but the leader writes a new leader for a partition that has one (I14).
MoveLeader ==
  /\ Weak("handover: by the leader itself") /\ meta.epoch < Epochs
  /\ \E n \in 1..Nodes : meta.leader # 0 /\ n # meta.leader /\ Live(meta, n) /\ meta' = LeaderIs(meta, n)
  /\ UNCHANGED <<wal, fence, air, cmds, mem, col, ref, made, acked, refused, flaw>>

(***************************************************************************)
(* Takeover (section 7): anyone may do any step, and two may do it at once.*)
(***************************************************************************)
Fence(w) ==
  /\ meta.st[w] = "registered" /\ Lives > 1 /\ mem[2].state # "none"
  /\ meta' = Fenced(meta, w)
  /\ cmds' = Dead(w)
  /\ UNCHANGED <<wal, fence, air, mem, col, ref, made, acked, refused, flaw>>

PutFence(w) ==
  /\ meta.st[w] = "fenced" /\ w \notin fence
  /\ fence' = fence \cup {w}
  /\ UNCHANGED <<meta, wal, air, cmds, mem, col, ref, made, acked, refused, flaw>>

\* Seals go out in parallel and happen in any order.  (One that happens after the recovery only
\* stops a writer that must not acknowledge anyway.)
PutSeal(w, s) ==
  /\ ~Weak("seal") /\ meta.st[w] = "fenced" /\ s > meta.trim[w] /\ wal[w][s] = None
  /\ w \in fence \/ Weak("fence/ before seals") \/ Weak("fence/")
  /\ wal' = [wal EXCEPT ![w][s] = Seal]
  /\ UNCHANGED <<meta, fence, air, cmds, mem, col, ref, made, acked, refused, flaw>>

\* The log ends at the first seal below which every number, from the frozen trim on, holds an entry.
\* Neither changes any more, so that it does not matter how long ago the issuer looked.
Recover(w) ==
  /\ meta.st[w] = "fenced"
  /\ w \in fence \/ Weak("fence/")
  /\ \E e \in (meta.trim[w] + 1)..(Numbers + 1) : \E n \in 1..Nodes :
       LET t    == meta.trim[w]
           ents == SubSeq(wal[w], t + 1, e - 1)
           x    == List(meta, w, t, ents)
           y    == [x EXCEPT !.st[w] = "recovered", !.last[w] = e]
       IN  /\ wal[w][e] = IF Weak("seal") THEN None ELSE Seal
           /\ \A i \in DOMAIN ents :
                \/ IsEntry(ents[i])
                \* searched from a later number that is known to be taken
                \/ Weak("search from trim") /\ ents[i] = None /\ i < e - t - 1 /\ IsEntry(wal[w][e - 1])
           /\ Live(meta, n)
           /\ meta' = IF meta.own = w THEN LeaderIs(y, n) ELSE y
           /\ ref' = ref \cup meta'.listed
           /\ flaw' = ListFlaw(meta, w, t, ents)
  /\ UNCHANGED <<wal, fence, air, cmds, mem, col, made, acked, refused>>

(***************************************************************************)
(* Merge and collection (I8)                                               *)
(***************************************************************************)
Merge ==
  /\ Has("merge")
  /\ \E o \in meta.listed : meta' = [meta EXCEPT !.listed = @ \ {o}]
  /\ UNCHANGED <<wal, fence, air, cmds, mem, col, ref, made, acked, refused, flaw>>

\* The collector adopts a boundary; it may stall and delete by it much later.
Boundary ==
  /\ Has("collect")
  /\ col' = Bounded(meta) /\ ref' = meta.listed
  /\ UNCHANGED <<meta, wal, fence, air, cmds, mem, made, acked, refused, flaw>>

Collect(w, s) ==
  /\ Has("collect") /\ wal[w][s] # None /\ <<w, s>> \notin col.listed
  /\ \/ s <= col.trim[w]
     \/ col.st[w] = "recovered"
     \/ col.st[w] = "fenced" /\ Weak("kept until recovered")
  /\ s # col.last[w] \/ Weak("last seal kept")
  /\ wal' = [wal EXCEPT ![w][s] = None]
  /\ UNCHANGED <<meta, fence, air, cmds, mem, col, ref, made, acked, refused, flaw>>

CollectFence(w) ==
  /\ Weak("fence/ kept") /\ w \in fence /\ col.st[w] = "recovered"
  /\ fence' = fence \ {w}
  /\ UNCHANGED <<meta, wal, air, cmds, mem, col, ref, made, acked, refused, flaw>>

(***************************************************************************)
(* Proof of leadership (I12): a request whose answer is the end of the     *)
(* partition, as of ListOffsets latest or OFFSET_OUT_OF_RANGE.             *)
(***************************************************************************)
AckedEnd == CHOOSE n \in 0..Records :
  /\ \A a \in acked : a[1] < n
  /\ n > 0 => \E a \in acked : a[1] = n - 1

Ask(l) ==
  /\ Has("ask") /\ IsOpen(l) /\ mem[l].ask = None
  /\ mem' = [mem EXCEPT ![l].ask =
       <<[truth |-> AckedEnd, first |-> mem[l].next,
          dur |-> IF Weak("first attempts") THEN mem[l].dur ELSE 0]>>]
  /\ UNCHANGED <<meta, wal, fence, air, cmds, col, ref, made, acked, refused, flaw>>

\* Answered as soon as there is a proof: a later answer could only be a higher one.
AnswerEnd(l) ==
  /\ IsOpen(l) /\ mem[l].ask # None
  /\ LET q == mem[l].ask[1]
     IN  /\ \/ mem[l].w \notin fence    \* a get finds nothing
            \/ mem[l].dur >= q.first    \* first attempted after the arrival, stored in order
            \/ Weak("first attempts") /\ mem[l].dur > q.dur
            \/ Weak("proof")
         /\ flaw' = IF mem[l].hw < q.truth THEN "stale answer" ELSE flaw
  /\ mem' = [mem EXCEPT ![l].ask = None]
  /\ UNCHANGED <<meta, wal, fence, air, cmds, col, ref, made, acked, refused>>

Next ==
  \/ \E l \in Life :
       \/ Register(l) \/ Look(l) \/ Open(l) \/ AppendRecord(l) \/ Publish(l) \/ Shut(l) \/ HandOver(l)
       \/ Ask(l) \/ AnswerEnd(l)
       \/ \E s \in 1..Numbers : Retry(l, s) \/ Duplicate(l, s)
  \/ \E p \in air : Land(p)
  \/ \E c \in cmds : Apply(c)
  \/ MoveLeader \/ Merge \/ Boundary
  \/ \E w \in Life :
       \/ Fence(w) \/ PutFence(w) \/ Recover(w) \/ CollectFence(w)
       \/ \E s \in 1..(Numbers + 1) : PutSeal(w, s) \/ Collect(w, s)

Spec == Init /\ [][Next]_vars

(***************************************************************************)
(* What must hold                                                          *)
(***************************************************************************)
\* I1, I4: every acknowledged record is published, or stands in its owner's WAL where recovery finds it.
Readable(off, r) ==
  \/ off < Len(meta.log) /\ meta.log[off + 1] = r
  \/ LET w == meta.own
         t == meta.trim[w]
     IN  /\ meta.st[w] # "recovered"
         /\ \E s \in (t + 1)..Numbers :
              /\ IsEntry(wal[w][s])
              /\ \E i \in DOMAIN wal[w][s] : wal[w][s][i][1] = off /\ wal[w][s][i][2] = r
              /\ \A j \in (t + 1)..s : IsEntry(wal[w][j])
NoAcknowledgedLoss == \A a \in acked : Readable(a[1], a[2])

\* I3
OneContent ==
  /\ flaw # "offsets not dense"
  /\ \A a, b \in acked : a[1] = b[1] => a[2] = b[2]

\* I14, I15: one life acknowledges per leader epoch, also if two processes have one node id.
OneLeader == \A a, b \in acked : a[3] = b[3] => a[4] = b[4]

NothingReferencedDeleted ==
  /\ flaw # "listed object missing"
  /\ \A o \in ref : IsEntry(wal[o[1]][o[2]])

\* I5: what was told to be not written never appears.
RefusedStaysOut == \A i \in DOMAIN meta.log : meta.log[i] \notin refused

\* I12
NoStaleAnswer == flaw # "stale answer"
=============================================================================
