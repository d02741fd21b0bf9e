"""POST /graphql: the questions of GET /rollups and /rollups/{name}, in GraphQL.

A request is one read-only transaction of one reader, in its thread: reading, checking and executing
it hold up nobody else.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import msgspec
from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLResolveInfo,
    GraphQLSchema,
    MiddlewareManager,
    execute_sync,
    parse,
    validate,
)
from starlette.requests import Request
from starlette.responses import Response

from rollupctl.connect import Session, query
from rollupctl.serve import questions
from rollupctl.serve.asking import CATALOG, tenant_of
from rollupctl.serve.bodies import read_body
from rollupctl.serve.formats import JSON
from rollupctl.serve.gate import count_more
from rollupctl.serve.graphschema import Asked, build
from rollupctl.serve.problems import ProblemError, from_server
from rollupctl.serve.service import Service

MEDIA_TYPE = "application/graphql-response+json"
MAX_BYTES = 64 * 1024  # of a request
MAX_TOKENS = 1000
MAX_DEPTH = 16  # of fields; tools that read the schema need 15
MAX_QUESTIONS = 10  # rollups that one request asks
MAX_VALUES = 200_000  # of an answer
SECONDS = 10.0  # for a request
_TIMEOUT = "select pg_catalog.set_config('statement_timeout', %s, true)"
_encode = msgspec.json.Encoder(decimal_format="number").encode


class _TooMuch(BaseException):
    """Ends a request. The library would take an Exception as the error of one field, and go on."""


@dataclass
class _Asking:
    """A request that is being executed."""

    session: Session
    deadline: float = field(default_factory=lambda: time.monotonic() + SECONDS)
    values: int = 0
    questions: int = 0

    def ask(self) -> None:
        """Count a question, for as long as there is time."""
        self.questions += 1
        if self.questions > MAX_QUESTIONS:
            raise _TooMuch(f"a request asks at most {MAX_QUESTIONS} times")
        milliseconds = max(1, int(self.seconds_left() * 1000))
        query(self.session, _TIMEOUT, str(milliseconds))

    def spend(self) -> None:
        """Count a value of the answer."""
        self.values += 1
        if self.values > MAX_VALUES:
            raise _TooMuch(f"the answer has more than {MAX_VALUES} values: ask for fewer rows")
        if self.values % 1000 == 0:
            self.seconds_left()

    def seconds_left(self) -> float:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise _TooMuch(f"the questions take longer than {SECONDS:.0f} seconds: ask for less")
        return left


class Query(msgspec.Struct):
    """A request: what is asked, in GraphQL."""

    query: str
    variables: dict[str, Any] | None = None
    operation: str | None = msgspec.field(default=None, name="operationName")


@dataclass(frozen=True)
class Result:
    """The answer in JSON, whether the request could be executed, and how many rollups it asked."""

    body: bytes
    is_executed: bool
    questions: int


class Schemas:
    """The schema of the rollups that there are, kept until they change."""

    def __init__(self) -> None:
        self._kept: tuple[str, GraphQLSchema] | None = None

    def get(self, session: Session) -> GraphQLSchema:
        """The schema."""
        catalog = _catalog(session)
        for declared in catalog:
            del declared["counted_until"]
        text = json.dumps(catalog)
        if self._kept is None or self._kept[0] != text:
            self._kept = (text, build(catalog, _list_rollups, _resolver))
        return self._kept[1]

    def answer(self, session: Session, asked: Query) -> Result:
        """Execute a request. Raises ProblemError if it asks for more than a request may."""
        try:
            document = parse(asked.query, max_tokens=MAX_TOKENS)
            schema = self.get(session)
            errors = validate(schema, document) or _beyond_limits(document)
        except GraphQLError as error:
            errors = [error]
        except RecursionError:
            errors = [GraphQLError("the query is nested too deeply")]
        if errors:
            return Result(_encode({"errors": [error.formatted for error in errors]}), False, 0)
        asking = _Asking(session)
        try:
            result = execute_sync(
                schema,
                document,
                context_value=asking,
                variable_values=asked.variables,
                operation_name=asked.operation,
                field_resolver=_value,
                middleware=_COUNTED,
            )
        except _TooMuch as error:
            raise ProblemError(400, str(error)) from None
        return Result(_encode(result.formatted), result.data is not None, asking.questions)


async def post(request: Request) -> Response:
    """Answer a request. One that cannot be executed is status 400 for those who accept GraphQL's
    own media type, and 200 with `errors` for others, as GraphQL over HTTP says.
    """
    service: Service = request.app.state.service
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != JSON:
        raise ProblemError(
            415, f"send the query as {JSON}", hint='Such as {"query": "{rollups {name}}"}.'
        )
    body = await read_body(request, MAX_BYTES)
    try:
        asked = _read(body)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        raise ProblemError(
            400, "the body is not a JSON object with a query", pointer="/query"
        ) from None
    schemas: Schemas = request.app.state.schemas
    result = await service.read(tenant_of(request), lambda session: schemas.answer(session, asked))
    count_more(request, result.questions - 1)
    is_own = MEDIA_TYPE in request.headers.get("accept", "")
    status = 400 if is_own and not result.is_executed else 200
    media_type = MEDIA_TYPE if is_own else JSON
    return Response(
        result.body, status, media_type=media_type, headers={"Cache-Control": "no-store"}
    )


_read = msgspec.json.Decoder(Query).decode


def _catalog(session: Session) -> list[dict[str, Any]]:
    ((text,),) = query(session, CATALOG).rows
    found: list[dict[str, Any]] = json.loads(text)
    return found


def _list_rollups(_: Any, info: GraphQLResolveInfo[Any]) -> list[dict[str, Any]]:
    info.context.ask()
    return _catalog(info.context.session)


def _value(source: Any, info: GraphQLResolveInfo[Any]) -> Any:
    return source.get(info.field_name)


def _count(resolve: Callable[..., Any], source: Any, info: Any, **given: Any) -> Any:
    """Count every field, those of the schema as well."""
    info.context.spend()
    return resolve(source, info, **given)


_COUNTED = MiddlewareManager(_count)


def _resolver(asked: Asked) -> Callable[..., Any]:
    def resolve(_: Any, info: GraphQLResolveInfo[Any], **given: Any) -> dict[str, Any]:
        session: Session = info.context.session
        info.context.ask()
        try:
            question = _question(asked, info, given)
            with session.transaction():  # a savepoint: others may be answered all the same
                found = questions.answer(session, questions.resolve(session, question))
        except Exception as error:
            raise _told(from_server(error)) from error
        return {name: _decode(value) for name, value in found.items()}

    return resolve


def _question(
    asked: Asked, info: GraphQLResolveInfo[Any], given: Mapping[str, Any]
) -> questions.Question:
    fields, compares = asked.selected(info)
    pairs = [("compare", "previous")] if compares else []
    for name, value in given.items():
        if name == "filter":
            for dimension, wanted in (value or {}).items():
                pairs.append((f"filter.{asked.filters[dimension]}", wanted or ""))
        elif value is not None:
            pairs.append((name, value if isinstance(value, str) else json.dumps(value)))
    return questions.parse(asked.rollup, pairs, fields)


def _decode(value: msgspec.Raw) -> Any:
    return json.loads(bytes(value), parse_float=Decimal)


def _told(problem: ProblemError) -> GraphQLError:
    said: dict[str, Any] = {"status": problem.status}
    if problem.hint:
        said["hint"] = problem.hint
    return GraphQLError(problem.detail, extensions=said)


def _beyond_limits(document: DocumentNode) -> list[GraphQLError]:
    """Errors of a valid document that asks for too much."""
    fragments = {
        each.name.value: each
        for each in document.definitions
        if isinstance(each, FragmentDefinitionNode)
    }
    depths: dict[str, int] = {}

    def depth(node: Any) -> int:
        if isinstance(node, FragmentSpreadNode):
            name = node.name.value
            if name not in depths:
                depths[name] = depth(fragments[name])
            return depths[name]
        if node.selection_set is None:
            return 1
        return isinstance(node, FieldNode) + max(
            depth(each) for each in node.selection_set.selections
        )

    if max(depth(each) for each in document.definitions) > MAX_DEPTH:
        return [GraphQLError(f"the query is more than {MAX_DEPTH} fields deep")]
    return []
