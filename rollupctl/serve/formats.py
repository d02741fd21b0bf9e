"""Answers as JSON, CSV and Arrow."""

from __future__ import annotations

import csv
import importlib.util
import io
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from rollupctl.serve.problems import ProblemError

JSON = "application/json"
CSV = "text/csv"
ARROW = "application/vnd.apache.arrow.stream"

_OFFERED = [JSON, CSV] + ([ARROW] if importlib.util.find_spec("pyarrow") else [])

Answer = Mapping[str, msgspec.Raw]


def choose(accepted: Mapping[str, float]) -> str:
    """The media type of an answer, by the media types that are accepted and their weights.

    The first that has the largest weight, JSON if none is named. Raises ProblemError: 406.
    """
    places = {kind: place for place, kind in enumerate(accepted)}
    best = (0.0, 0, "")
    for kind in _OFFERED:
        # The most specific range says what the weight is.
        ranges = (kind, f"{kind.partition('/')[0]}/*", "*/*")
        named = next((each for each in ranges if each in accepted), None)
        if named is not None and (accepted[named], -places[named]) > best[:2]:
            best = (accepted[named], -places[named], kind)
    if best[2] or not accepted:
        return best[2] or JSON
    raise ProblemError(406, f"there are: {', '.join(_OFFERED)}")


def render(answer: Answer, media_type: str) -> bytes:
    """The body of an answer."""
    if media_type == JSON:
        return msgspec.json.encode(answer)
    columns, rows = _table(answer)
    return _csv(columns, rows) if media_type == CSV else _arrow(columns, rows)


def _table(answer: Answer) -> tuple[list[str], list[list[Any]]]:
    """Columns and rows; the numbers of the range before are columns of their own."""
    dimensions: list[str] = msgspec.json.decode(answer["dimensions"])
    measures: list[str] = msgspec.json.decode(answer["measures"])
    records: list[dict[str, Any]] = json.loads(bytes(answer["rows"]))
    has_buckets = msgspec.json.decode(answer["grain"]) is not None
    keys = [*(["bucket"] if has_buckets else []), *dimensions, *measures]
    previous = list(records[0].get("previous", ())) if records else []
    rows = [
        [*(row[key] for key in keys), *(row["previous"][name] for name in previous)]
        for row in records
    ]
    return [*keys, *(f"previous_{name}" for name in previous)], rows


def _csv(columns: list[str], rows: list[list[Any]]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow(
            [json.dumps(v, ensure_ascii=False) if isinstance(v, list) else v for v in row]
        )
    return out.getvalue().encode()


def _arrow(columns: list[str], rows: list[list[Any]]) -> bytes:
    """An Arrow stream: times, texts, doubles, and lists of items."""
    import pyarrow as pa

    arrays = []
    for n, name in enumerate(columns):
        values = [row[n] for row in rows]
        if name == "bucket":
            times = [datetime.fromisoformat(value) for value in values]
            arrays.append(pa.array(times, pa.timestamp("us", tz="UTC")))
        elif any(isinstance(value, list) for value in values):
            item = pa.struct([("item", pa.string()), ("value", pa.float64())])
            arrays.append(pa.array(values, pa.list_(item)))
        elif all(value is None or isinstance(value, int | float) for value in values):
            numbers = [None if value is None else float(value) for value in values]
            arrays.append(pa.array(numbers, pa.float64()))
        else:
            texts = [None if value is None else str(value) for value in values]
            arrays.append(pa.array(texts, pa.string()))
    table = pa.table(arrays, names=columns)
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()
