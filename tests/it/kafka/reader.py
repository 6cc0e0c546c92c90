"""Reads a topic to its end with confluent-kafka: a line of JSON a record, bytes in base64."""
import base64
import json
import sys

from confluent_kafka import Consumer, TopicPartition

bootstrap, topic = sys.argv[1:3]
consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "none", "enable.auto.commit": False})
encode = lambda data: None if data is None else base64.b64encode(data.encode() if isinstance(data, str) else data).decode()
partitions = consumer.list_topics(topic, timeout=30).topics[topic].partitions
for partition in partitions:
    place = TopicPartition(topic, partition)
    low, high = consumer.get_watermark_offsets(place, timeout=30)
    consumer.assign([TopicPartition(topic, partition, low)])
    at = low
    while at < high:
        message = consumer.poll(30)
        if message is None or message.error():
            sys.exit(f"{topic}/{partition}@{at}: {message and message.error()}")
        at = message.offset() + 1
        try:
            headers = [[encode(key), encode(value)] for key, value in message.headers() or []]
        except SystemError:  # A name that is no UTF-8: this binding cannot read any header of the record.
            headers = None
        print(
            json.dumps(
                {
                    "partition": partition,
                    "offset": message.offset(),
                    "timestamp": message.timestamp()[1],
                    "key": encode(message.key()),
                    "value": encode(message.value()),
                    "headers": headers,
                }
            )
        )
