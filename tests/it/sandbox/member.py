"""A consumer of kafka-python: says what it is assigned, commits once it has read COUNT records, leaves on SIGTERM."""
import signal
import sys

from kafka import KafkaConsumer

bootstrap, group, topic, count = sys.argv[1:5]
going = True


def stop(*_):
    global going
    going = False


signal.signal(signal.SIGTERM, stop)
consumer = KafkaConsumer(
    topic,
    bootstrap_servers=bootstrap,
    group_id=group,
    client_id="python",
    auto_offset_reset="earliest",
    enable_auto_commit=False,
    heartbeat_interval_ms=200,
    session_timeout_ms=30000,
)
assigned, read, committed = None, 0, False
while going:
    for records in consumer.poll(100).values():
        read += len(records)
    now = sorted(place.partition for place in consumer.assignment())
    if now != assigned:
        assigned = now
        print("assigned", *now, flush=True)
    if read >= int(count) and not committed:
        consumer.commit()
        committed = True
        print("committed", flush=True)
consumer.close()
