"""A producer of kafka-python or confluent-kafka with its defaults, idempotence on: COUNT records of their own value."""
import sys

library, bootstrap, topic, count = sys.argv[1:5]
if library == "kafka":
    from kafka import KafkaProducer

    producer = KafkaProducer(bootstrap_servers=bootstrap, enable_idempotence=True)
    sent = [producer.send(topic, key=b"%d" % (n % 7), value=b"kafka-%d" % n) for n in range(int(count))]
    producer.flush()
    for one in sent:
        one.get(timeout=30)
    producer.close()
else:
    from confluent_kafka import Producer

    failed = []
    producer = Producer({"bootstrap.servers": bootstrap, "enable.idempotence": True})
    for n in range(int(count)):
        producer.produce(topic, key=b"%d" % (n % 7), value=b"confluent_kafka-%d" % n, on_delivery=lambda e, _: e and failed.append(e))
    producer.flush(30)
    sys.exit(f"{failed}" if failed else 0)
