"""kafka-python against a broker: arguments are its address and a prefix for names."""

import sys
import threading
import time

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType, NewPartitions, NewTopic

ADDRESS, PREFIX = sys.argv[1:3]
RECORDS = 100
DEADLINE = time.monotonic() + 90


def codec(name):
    topic = f"{PREFIX}-{name}"
    producer = KafkaProducer(
        bootstrap_servers=ADDRESS,
        acks="all",
        linger_ms=20,
        compression_type=None if name == "none" else name,
    )
    sent = [
        producer.send(
            topic, key=b"k%d" % i, value=b"%d" % i + b"x" * 500, headers=[("n", b"%d" % i)]
        )
        for i in range(RECORDS)
    ]
    producer.flush()
    offsets = {(s.get(10).partition, s.get(10).offset) for s in sent}
    assert len(offsets) == RECORDS, offsets
    consumer = KafkaConsumer(
        bootstrap_servers=ADDRESS, auto_offset_reset="earliest", group_id=None
    )
    consumer.assign([TopicPartition(topic, p) for p in range(4)])
    seen = []
    while len(seen) < RECORDS and time.monotonic() < DEADLINE:
        for records in consumer.poll(500).values():
            for r in records:
                number = int(r.key[1:])
                assert r.value == b"%d" % number + b"x" * 500 and r.headers == [
                    ("n", b"%d" % number)
                ]
                seen.append(number)
    assert sorted(seen) == list(range(RECORDS)), seen
    assert sum(consumer.end_offsets(consumer.assignment()).values()) == RECORDS
    consumer.close()
    producer.close()
    print(f"codec {name}")


class Member(threading.Thread):
    def __init__(self, group, topic):
        super().__init__(daemon=True)
        self.group, self.topic = group, topic
        self.assigned, self.seen, self.leave = set(), 0, False

    def run(self):
        consumer = KafkaConsumer(
            self.topic,
            bootstrap_servers=ADDRESS,
            group_id=self.group,
            auto_offset_reset="earliest",
        )
        while not self.leave:
            self.seen += sum(len(r) for r in consumer.poll(200).values())
            self.assigned = set(p.partition for p in consumer.assignment())
        consumer.close()
        self.assigned = set()


def until(condition, what):
    while not condition():
        assert time.monotonic() < DEADLINE, what
        time.sleep(0.05)


def group(admin):
    topic, name = f"{PREFIX}-gzip", f"{PREFIX}-group"
    first, second = Member(name, topic), Member(name, topic)
    first.start()
    until(lambda: len(first.assigned) == 4 and first.seen == RECORDS, "alone")
    second.start()
    until(lambda: len(first.assigned) == 2 and len(second.assigned) == 2, "shared")
    assert not first.assigned & second.assigned
    first.leave = True
    first.join()
    until(lambda: len(second.assigned) == 4, "alone again")
    second.leave = True
    second.join()
    assert second.seen == 0, "committed offsets were not taken over"
    offsets = admin.list_consumer_group_offsets(name)
    assert sum(o.offset for o in offsets.values()) == RECORDS, offsets
    assert (name, "consumer") in admin.list_consumer_groups()
    print("group")


admin = KafkaAdminClient(bootstrap_servers=ADDRESS)
codecs = ["none", "gzip", "snappy", "lz4", "zstd"]
admin.create_topics([NewTopic(f"{PREFIX}-{c}", 4, 1) for c in codecs])
assert {f"{PREFIX}-{c}" for c in codecs} <= set(admin.list_topics())
for each in codecs:
    codec(each)
group(admin)
admin.create_partitions({f"{PREFIX}-none": NewPartitions(6)})
resource = ConfigResource(ConfigResourceType.TOPIC, f"{PREFIX}-none")
assert admin.describe_configs([resource])[0].resources[0][0] == 0
admin.delete_topics([f"{PREFIX}-none"])
until(lambda: f"{PREFIX}-none" not in admin.list_topics(), "deleted")
print("admin")
