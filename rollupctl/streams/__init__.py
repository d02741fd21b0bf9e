"""Events from streams: Redis and Kafka."""
