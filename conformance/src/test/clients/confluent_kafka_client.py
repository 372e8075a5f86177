"""confluent-kafka (librdkafka) against a broker: arguments are its address, a prefix for names, and
what to do besides: transactions, admin."""

import sys
import time

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource, NewPartitions, NewTopic

ADDRESS, PREFIX = sys.argv[1:3]
RECORDS = 100
DEADLINE = time.monotonic() + 90
BASE = {"bootstrap.servers": ADDRESS}


def done(futures):
    for future in futures.values():
        future.result(20)


def numbers(consumer, count):
    seen = []
    while len(seen) < count and time.monotonic() < DEADLINE:
        message = consumer.poll(0.5)
        if message is None:
            continue
        assert message.error() is None, message.error()
        number = int(message.key()[1:])
        assert message.value() == b"%d" % number + b"x" * 500
        assert message.headers() == [("n", b"%d" % number)]
        seen.append(number)
    return sorted(seen)


def send(producer, topic, first, count):
    for i in range(first, first + count):
        producer.produce(
            topic, key=b"k%d" % i, value=b"%d" % i + b"x" * 500, headers={"n": b"%d" % i}
        )


def codec(name):
    topic = f"{PREFIX}-{name}"
    producer = Producer(
        BASE
        | {"compression.codec": name, "linger.ms": 20, "enable.idempotence": True}
    )
    send(producer, topic, 0, RECORDS)
    assert producer.flush(20) == 0
    consumer = Consumer(BASE | {"group.id": "none", "enable.auto.commit": False})
    consumer.assign([TopicPartition(topic, p, 0) for p in range(4)])
    assert numbers(consumer, RECORDS) == list(range(RECORDS))
    ends = [consumer.get_watermark_offsets(TopicPartition(topic, p))[1] for p in range(4)]
    assert sum(ends) == RECORDS, ends
    consumer.close()
    print(f"codec {name}")


def group(strategy):
    topic, name = f"{PREFIX}-gzip", f"{PREFIX}-{strategy}"
    config = BASE | {
        "group.id": name,
        "auto.offset.reset": "earliest",
        "partition.assignment.strategy": strategy,
    }
    first, second = Consumer(config), Consumer(config)
    first.subscribe([topic])
    assert numbers(first, RECORDS) == list(range(RECORDS))
    first.commit(asynchronous=False)
    second.subscribe([topic])
    polled(first, second, lambda: len(first.assignment()) == 2 == len(second.assignment()))
    shared = {p.partition for p in first.assignment() + second.assignment()}
    assert shared == {0, 1, 2, 3}, shared
    first.close()
    polled(second, second, lambda: len(second.assignment()) == 4)
    committed = second.committed([TopicPartition(topic, p) for p in range(4)], 20)
    assert sum(p.offset for p in committed) == RECORDS, committed
    second.close()
    print(f"group {strategy}")


def polled(one, other, condition):
    while not condition():
        assert time.monotonic() < DEADLINE, "rebalance"
        for consumer in (one, other):
            assert consumer.poll(0.1) is None, "committed offsets were not taken over"


def transactions():
    topic, source = f"{PREFIX}-transactions", f"{PREFIX}-gzip"
    producer = Producer(BASE | {"transactional.id": f"{PREFIX}-t", "linger.ms": 20})
    producer.init_transactions(20)
    consumer = Consumer(BASE | {"group.id": f"{PREFIX}-transactional"})
    for first, commit in ((0, True), (10, False), (20, True)):
        producer.begin_transaction()
        send(producer, topic, first, 10)
        producer.send_offsets_to_transaction(
            [TopicPartition(source, 0, first + 1)], consumer.consumer_group_metadata(), 20
        )
        producer.flush(20)
        producer.commit_transaction(20) if commit else producer.abort_transaction(20)
    fenced = Producer(BASE | {"transactional.id": f"{PREFIX}-t"})
    fenced.init_transactions(20)
    try:
        producer.begin_transaction()
        send(producer, topic, 30, 1)
        producer.commit_transaction(20)
        raise AssertionError("two producers with one transactional id")
    except KafkaException:
        pass
    reader = Consumer(BASE | {"group.id": "none", "isolation.level": "read_committed"})
    reader.assign([TopicPartition(topic, p, 0) for p in range(4)])
    assert numbers(reader, 20) == [*range(10), *range(20, 30)]
    assert consumer.committed([TopicPartition(source, 0)], 20)[0].offset == 21
    reader.close()
    consumer.close()
    print("transactions")


admin = AdminClient(BASE)
codecs = ["none", "gzip", "snappy", "lz4", "zstd"]
topics = [f"{PREFIX}-{c}" for c in codecs + ["transactions"]]
done(admin.create_topics([NewTopic(t, 4, 1) for t in topics]))
assert set(topics) <= set(admin.list_topics(timeout=20).topics)
for each in codecs:
    codec(each)
group("range")
group("cooperative-sticky")
if "transactions" in sys.argv:
    transactions()
if "admin" not in sys.argv:
    sys.exit()
done(admin.create_partitions([NewPartitions(topics[0], 6)]))
resource = ConfigResource("topic", topics[0], set_config={"retention.ms": "1000000"})
done(admin.alter_configs([resource]))
done(admin.describe_configs([ConfigResource("topic", topics[0])]))
assert f"{PREFIX}-range" in [g.id for g in admin.list_groups(timeout=20)]
done(admin.delete_topics([topics[0]]))
while topics[0] in admin.list_topics(timeout=20).topics:
    assert time.monotonic() < DEADLINE, "deleted"
print("admin")
