"""A topic of Kafka."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import SplitResult

from rollupctl.errors import RollupError, UsageError
from rollupctl.streams.feed import Batch, Message, PositionOf

_LONGEST_JOIN = 120  # seconds
_FORM = "write kafka://broker:9092/TOPIC?group=NAME"


class KafkaFeed:
    """A member of a consumer group. Each partition is a channel, whose position is the offset of
    the next message. Kafka distributes the partitions; where they go on is in the ledger. The
    cluster's id is part of a channel, as its topics have offsets of their own.
    """

    def __init__(self, url: SplitResult, options: dict[str, str], position_of: PositionOf) -> None:
        """Raises RollupError if no broker answers or there is no such topic."""
        try:
            import confluent_kafka
        except ImportError:
            raise RollupError(
                "kafka:// needs confluent-kafka, which is not installed",
                "install it: pip install 'rollupctl[kafka]'",
            ) from None
        self._kafka: Any = confluent_kafka
        self._topic = url.path.strip("/")
        self._group = options.pop("group", "")
        if not (self._topic and self._group and url.netloc):
            raise UsageError(f"{url.geturl()!r} does not name broker, topic and group", _FORM)
        self._has_joined = False
        self._began = time.monotonic()
        self._position_of = position_of
        self._positions: dict[int, str | None] = {}
        self._ready: dict[int, list[Any]] = {}
        settings = {
            "bootstrap.servers": url.netloc,
            "group.id": self._group,
            "enable.auto.commit": False,
            "auto.offset.reset": "error",
            "log_level": 0,
            **options,  # security.protocol and others of librdkafka
        }
        try:
            self._consumer = confluent_kafka.Consumer(settings)
            found = self._consumer.list_topics(self._topic, timeout=10)
        except confluent_kafka.KafkaException as error:
            raise RollupError(
                f"kafka at {url.netloc}: {error.args[0].str()}", "check the broker's address"
            ) from None
        topic = found.topics[self._topic]
        if topic.error or not topic.partitions:
            raise RollupError(f"kafka at {url.netloc}: there is no topic {self._topic}")
        self._cluster = found.cluster_id
        self._consumer.subscribe([self._topic], on_assign=self._assigned)

    @property
    def is_ready(self) -> bool:
        """See Feed: joining a group takes seconds. Raises RollupError if it takes too long."""
        if not self._has_joined and time.monotonic() - self._began > _LONGEST_JOIN:
            raise RollupError(
                f"group {self._group} has not admitted this consumer for {_LONGEST_JOIN} s",
                "another consumer of the group may have ended without leaving: try again",
            )
        return self._has_joined

    def _assigned(self, consumer: Any, partitions: list[Any]) -> None:
        self._has_joined = True
        self._positions = {}
        for each in partitions:
            each.offset = self._offset(each.partition)
        consumer.assign(partitions)

    def _offset(self, partition: int) -> int:
        position = self._position_of(self._channel(partition))
        self._positions[partition] = position
        return self._kafka.OFFSET_BEGINNING if position is None else int(position)

    def _channel(self, partition: int) -> str:
        return f"kafka {self._cluster} {self._topic}/{partition} {self._group}"

    def read(self, most: int, seconds: float) -> list[Batch]:
        """See Feed."""
        until = time.monotonic() + seconds
        found: list[Any] = []
        while len(found) < most and (left := until - time.monotonic()) > 0:
            found += self._consumer.consume(most - len(found), left)
        parts: dict[int, list[Any]] = {}
        for message in found:
            if error := message.error():
                if error.code() != self._kafka.KafkaError._PARTITION_EOF:
                    raise self._problem(error)
                continue
            if message.partition() in self._positions:  # otherwise it was lost meanwhile
                parts.setdefault(message.partition(), []).append(message)
        return [
            Batch(
                self._channel(partition),
                self._positions[partition],
                str(messages[-1].offset() + 1),
                [Message(f"offset {m.offset()} of {partition}", m.value()) for m in messages],
            )
            for partition, messages in sorted(parts.items())
        ]

    def stored(self, batch: Batch) -> None:
        """See Feed; tells the broker too, for those who look there."""
        partition = self._partition(batch.channel)
        if partition in self._positions:
            self._positions[partition] = batch.position
            where = self._kafka.TopicPartition(self._topic, partition, int(batch.position))
            self._consumer.commit(offsets=[where], asynchronous=True)

    def go_back(self, channel: str) -> None:
        """See Feed."""
        partition = self._partition(channel)
        if partition in self._positions:
            offset = self._offset(partition)
            self._consumer.seek(self._kafka.TopicPartition(self._topic, partition, offset))

    def close(self) -> None:
        """See Feed."""
        self._consumer.close()

    def _partition(self, channel: str) -> int:
        return next(p for p in self._positions if self._channel(p) == channel)

    def _problem(self, error: Any) -> RollupError:
        if error.code() == self._kafka.KafkaError._AUTO_OFFSET_RESET:
            return RollupError(
                f"topic {self._topic} has no messages at the position of its channel any more",
                "they were deleted before they were read, or the topic was made again: its "
                "position is in rollup.loads; delete the row there to begin again",
                detail=error.str(),
            )
        return RollupError(f"topic {self._topic}: {error.str()}")
