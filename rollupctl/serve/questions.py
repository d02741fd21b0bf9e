"""Questions about rollups: from a query string to what the database resolves and answers."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from rollupctl.connect import Session, query
from rollupctl.serve.problems import ProblemError

# Parameters of a question, with what the reference says of each.
PARAMETERS: Mapping[str, str] = {
    "site_id": "Name of the site.",
    "tenant": "Number of the tenant, in place of site_id.",
    "range": "Time back from `to` or now, or today, yesterday. 24 hours unless `from` is given.",
    "from": "Start of the range; in the site's time zone unless it has an offset.",
    "to": "End of the range. Now, if left out.",
    "time_zone": "In which days begin. The site's, if left out.",
    "grain": "Length of a step, such as 1 hour; auto; or total for one row.",
    "dimensions": "Dimensions to break down by, separated by commas.",
    "measures": "Measures, separated by commas. All numbers, if left out.",
    "order": "bucket, a measure or a dimension; -NAME for descending.",
    "limit": "Rows of a page, at most 10000.",
    "cursor": "Where a page begins: `next` of the page before.",
    "fill": "false leaves out steps without events.",
    "compare": "previous adds the numbers of the range before.",
    "live": "true includes events that no run has counted yet.",
    "items": "Items of a top list, at most 1000.",
}
_SCOPE = {
    name: PARAMETERS[name] for name in ("site_id", "tenant", "range", "from", "to", "time_zone")
}
_STEP = "A type of events, or COLUMN:VALUE such as path:/pricing; path:/docs/* is a beginning."
# Parameters of questions of the analytics, by kind.
ANALYSES: Mapping[str, Mapping[str, str]] = {
    "funnel": {
        **_SCOPE,
        "step": f"A step; repeated for each. {_STEP}",
        "within": "Time for all steps. 1 day, if left out.",
        "mode": "ordered, strict or any; see rollup_analytics.funnel.",
        "ties": "any or strict: whether events at the same time may follow each other.",
        "breakdown": "A column of the first event.",
        "exclude": "As a step: an event that ends a chain. May be repeated.",
    },
    "retention": {
        **_SCOPE,
        "first": f"What makes a user belong to a cohort; any event, if left out. {_STEP}",
        "recurring": "As first: what counts as coming back.",
        "period": "Length of a period. 1 week, if left out.",
        "mode": "on (came in period n) or unbounded (in n or later).",
        "relative_to": "cohort or previous: what the rate is relative to.",
    },
    "anomalies": {
        **_SCOPE,
        "rollup": "A rollup by hour or by day.",
        "measure": "The measure.",
        "weeks": "How many weeks before it is compared with. 8, if left out.",
        "least": "Only buckets so many standard deviations from usual.",
    },
    "alerts": {name: PARAMETERS[name] for name in ("site_id", "tenant")},
}
_LISTS = ("dimensions", "measures")
_FLAGS = ("fill", "live")
_NUMBERS = ("limit", "items", "weeks", "least")
_REPEATED = ("step", "exclude")
NEEDED = {"funnel": ("step",), "anomalies": ("rollup", "measure")}
_FILTER = "filter."
_NONE: Mapping[str, list[str]] = {}
_MAX_VALUE = 1000  # characters of a parameter

_RESOLVE_ANALYSIS = """
select resolved::pg_catalog.text, version
  from rollup_serve.resolve_analysis(%s, %s::pg_catalog.jsonb)
"""
_ANSWER_ANALYSIS = "select rollup_serve.answer_analysis(%s::pg_catalog.jsonb)::pg_catalog.text"
_RESOLVE = """
select rollup_serve.resolve(r.name, %s::pg_catalog.jsonb)::pg_catalog.text,
       rollup_serve.version_of(r.name)
  from rollup.rollups r
 where r.name = %s
"""
_ANSWER = "select rollup_serve.answer(%s::pg_catalog.jsonb)::pg_catalog.text"


@dataclass(frozen=True)
class Question:
    """A question about a rollup, as JSON for rollup_serve.resolve."""

    rollup: str
    text: str
    is_live: bool
    analysis: str | None = None


@dataclass(frozen=True)
class Resolved:
    """A question in which nothing is relative, and the version of the rows that answer it."""

    text: str
    version: str
    is_analysis: bool = False

    def tag(self, media_type: str, tenant: str) -> str:
        """The entity tag of its answer."""
        parts = "\0".join((self.text, self.version, media_type, tenant))
        return '"' + hashlib.sha256(parts.encode()).hexdigest()[:32] + '"'


def parse(
    rollup: str, given: Iterable[tuple[str, str]], fields: Mapping[str, list[str]] = _NONE
) -> Question:
    """The question of parameters. `fields` are dimensions and measures that were found elsewhere.

    Raises ProblemError for an unknown or invalid parameter.
    """
    question = _read(given, PARAMETERS, filters=True) | dict(fields)
    return Question(rollup, json.dumps(question, sort_keys=True), question.get("live") is True)


def parse_analysis(kind: str, given: Iterable[tuple[str, str]]) -> Question:
    """As `parse`, for a question of the analytics."""
    question = _read(given, ANALYSES[kind], filters=kind == "anomalies")
    for name in NEEDED.get(kind, ()):
        if name not in question:
            raise ProblemError(400, f"{name} required", pointer=f"/{name}")
    return Question("", json.dumps(question, sort_keys=True), False, kind)


def _read(
    given: Iterable[tuple[str, str]], known: Mapping[str, str], *, filters: bool
) -> dict[str, Any]:
    question: dict[str, Any] = {}
    found: dict[str, str | None] = {}
    for name, value in given:
        if len(value) > _MAX_VALUE or "\0" in value:
            raise ProblemError(400, f"{name} is too long or has a character U+0000")
        if filters and name.startswith(_FILTER):
            if (dimension := name.removeprefix(_FILTER)) in found:
                raise _twice(name)
            found[dimension] = value or None
        elif name not in known:
            hint = f"There are: {', '.join(known)}{f', {_FILTER}DIMENSION' if filters else ''}."
            raise ProblemError(400, f"there is no parameter {name[:100]}", hint=hint)
        elif value and name in _REPEATED:
            question.setdefault(name, []).append(value)
        elif name in question:
            raise _twice(name)
        elif value:
            question[name] = _value(name, value)
    if found:
        question["filters"] = found
    if "site_id" in question and "tenant" in question:
        raise ProblemError(400, "site_id and tenant exclude each other")
    if cursor := question.pop("cursor", None):
        question["after"] = _from_cursor(cursor)
    return question


def single(given: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Parameters by name. Raises ProblemError if one is given twice."""
    found: dict[str, str] = {}
    for name, value in given:
        if name in found:
            raise _twice(name)
        found[name] = value
    return found


def _twice(name: str) -> ProblemError:
    return ProblemError(400, f"{name[:100]} is given twice", pointer=f"/{name[:100]}")


def resolve(session: Session, question: Question) -> Resolved:
    """Make a question explicit. Raises ProblemError if there is no such rollup."""
    if question.analysis is not None:
        rows = query(session, _RESOLVE_ANALYSIS, question.analysis, question.text).rows
        ((text, version),) = rows
        return Resolved(text, version, is_analysis=True)
    # No name has the character U+0000, which the database does not take.
    known = "\0" not in question.rollup
    rows = query(session, _RESOLVE, question.text, question.rollup).rows if known else []
    if not rows:
        raise ProblemError(404, f"there is no rollup {question.rollup[:100]}")
    return Resolved(*rows[0])


def answer(session: Session, resolved: Resolved) -> dict[str, msgspec.Raw]:
    """The answer, whose `next` is a cursor."""
    statement = _ANSWER_ANALYSIS if resolved.is_analysis else _ANSWER
    ((text,),) = query(session, statement, resolved.text).rows
    found = _decode_answer(text)
    position = msgspec.json.decode(found["next"])
    if position is not None:
        found["next"] = msgspec.Raw(json.dumps(_to_cursor(position)).encode())
    return found


def digest(body: bytes) -> str:
    """Identifies the rows of an answer in JSON, without the moment at which it was given."""
    rows = _decode_answer(body)["rows"]
    return hashlib.sha256(rows).hexdigest()[:32]


_decode_answer = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


def _value(name: str, value: str) -> Any:
    if name in _LISTS:
        return [item.strip() for item in value.split(",") if item.strip()]
    if name in _FLAGS:
        if value not in ("true", "false"):
            raise ProblemError(400, f"{name} is true or false", pointer=f"/{name}")
        return value == "true"
    if name in _NUMBERS:
        if not value.isascii() or not value.isdigit() or len(value) > 6:
            raise ProblemError(400, f"{name} is a whole number", pointer=f"/{name}")
        return int(value)
    return value


def _to_cursor(position: list[str]) -> str:
    return base64.urlsafe_b64encode(json.dumps(position).encode()).decode().rstrip("=")


def _from_cursor(text: str) -> list[str]:
    try:
        padded = text.encode() + b"=" * (-len(text) % 4)
        position = json.loads(base64.b64decode(padded, b"-_", validate=True))
        if [type(part) for part in position] != [str, str]:
            raise ValueError(text)
        float(position[0])
    except (ValueError, TypeError, binascii.Error, UnicodeError):
        raise ProblemError(
            400, "cursor is not one that an answer gave", pointer="/cursor"
        ) from None
    return list(position)
