"""GET /stats, /sites, /rollups and /rollups/{name}."""

from __future__ import annotations

import hashlib
import re
from datetime import date
from urllib.parse import quote, urlencode

import msgspec
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from rollupctl.connect import Session
from rollupctl.serve import formats, questions
from rollupctl.serve.answers import Body
from rollupctl.serve.gate import key_of
from rollupctl.serve.headers import is_known, weighted
from rollupctl.serve.problems import ProblemError
from rollupctl.serve.service import Service

_STATS = "select rollup_serve.stats(%s, %s)::pg_catalog.text"
CATALOG = "select rollup_serve.catalog()::pg_catalog.text"
_SITES = "select rollup_serve.site_list(%s, %s)::pg_catalog.text"
_ANALYSES = "select rollup_serve.analysis_list()::pg_catalog.text"
_PRIVATE = {"Cache-Control": "private, no-cache", "Vary": "Accept, Authorization"}


async def get_stats(request: Request) -> Response:
    """Page views, users and top paths of a site on one day."""
    service: Service = request.app.state.service
    given = questions.single(request.query_params.multi_items())
    site = given.get("site_id") or key_of(request).site or ""
    if not site.strip():
        raise ProblemError(400, "site_id required", pointer="/site_id")
    if "\0" in site or len(site) > 200:
        raise ProblemError(400, "site_id is not the name of a site", pointer="/site_id")
    day = _date(given.get("date"))
    tenant = tenant_of(request)

    async def make() -> Body:
        ((text,),) = await service.ask(tenant, _STATS, site, day)
        return Body(text.encode(), None)

    key = ("stats", site, day, tenant, service.told)
    return _respond(request, (await service.answers.briefly(key, make)).content)


async def get_sites(request: Request) -> Response:
    """Sites by the beginning of their names."""
    service: Service = request.app.state.service
    search = request.query_params.get("search", "")[:200].replace("\0", "")
    ((text,),) = await service.ask(tenant_of(request), _SITES, search, 100)
    return _respond(request, b'{"sites":' + text.encode() + b"}")


async def get_rollups(request: Request) -> Response:
    """All rollups with their dimensions and measures."""
    service: Service = request.app.state.service
    ((text,),) = await service.ask(tenant_of(request), CATALOG)
    return _respond(request, b'{"rollups":' + text.encode() + b"}")


async def get_rollup(request: Request) -> Response:
    """The answer to a question about one rollup."""
    return await _answered(
        request, questions.parse(request.path_params["name"], request.query_params.multi_items())
    )


async def get_analyses(request: Request) -> Response:
    """The questions of the analytics that can be asked."""
    service: Service = request.app.state.service
    ((text,),) = await service.ask(tenant_of(request), _ANALYSES)
    return _respond(request, text.encode())


async def get_analysis(request: Request) -> Response:
    """The answer to a question of the analytics."""
    kind = request.path_params["kind"]
    if kind not in questions.ANALYSES:
        hint = f"There are: {', '.join(questions.ANALYSES)}."
        raise ProblemError(404, f"there is no question {kind[:100]}", hint=hint)
    return await _answered(
        request, questions.parse_analysis(kind, request.query_params.multi_items())
    )


async def _answered(request: Request, question: questions.Question) -> Response:
    service: Service = request.app.state.service
    media_type = formats.choose(weighted(request, "accept"))
    tenant = tenant_of(request)
    if question.is_live:
        body = await service.answers.briefly(
            ("live", question, media_type, tenant, service.told),
            lambda: ask(service, tenant, question, media_type),
        )
        return _respond(request, body.content, media_type, _links(request, body))
    resolved = await resolve(service, tenant, question)
    tag = resolved.tag(media_type, tenant)
    if is_known(request, tag):
        return Response(status_code=304, headers={**_PRIVATE, "ETag": tag})
    body = await answer(service, tenant, resolved, media_type)
    headers = {**_PRIVATE, "ETag": tag, **_links(request, body)}
    return Response(body.content, media_type=media_type, headers=headers)


async def resolve(
    service: Service, tenant: str, question: questions.Question
) -> questions.Resolved:
    """A question made explicit, and the version of its rows; shared for half a second by all who
    ask the same, unless a run of this service has counted something.
    """

    async def make() -> questions.Resolved:
        return await service.read(tenant, lambda session: questions.resolve(session, question))

    return await service.answers.briefly((question, tenant, service.runner.rounds), make)


async def answer(
    service: Service, tenant: str, resolved: questions.Resolved, media_type: str
) -> Body:
    """The answer to a resolved question, kept for as long as its rows are the same."""

    async def make() -> Body:
        return await service.read(
            tenant, lambda session: _body(questions.answer(session, resolved), media_type)
        )

    return await service.answers.once(resolved.tag(media_type, tenant), make)


async def ask(service: Service, tenant: str, question: questions.Question, media_type: str) -> Body:
    """The answer to a question, by one transaction."""

    def work(session: Session) -> Body:
        return _body(questions.answer(session, questions.resolve(session, question)), media_type)

    return await service.read(tenant, work)


def tenant_of(request: HTTPConnection) -> str:
    """The only tenant whose rows the key of a request opens; empty for all."""
    tenant = key_of(request).tenant
    return "" if tenant is None else str(tenant)


def _body(answer: dict[str, msgspec.Raw], media_type: str) -> Body:
    cursor: str | None = msgspec.json.decode(answer["next"])
    return Body(formats.render(answer, media_type), cursor)


def _links(request: Request, body: Body) -> dict[str, str]:
    """The address of the next page."""
    if body.cursor is None:
        return {}
    others = [(n, v) for n, v in request.query_params.multi_items() if n != "cursor"]
    path = quote(request.scope["path"])
    address = f"{path}?{urlencode([*others, ('cursor', body.cursor)])}"
    return {"Link": f'<{address}>; rel="next"'}


def _respond(
    request: Request,
    body: bytes,
    media_type: str = formats.JSON,
    headers: dict[str, str] | None = None,
) -> Response:
    """An answer that was computed; 304 if the client has it."""
    tag = '"' + hashlib.sha256(body).hexdigest()[:32] + '"'
    told = {**_PRIVATE, "ETag": tag, **(headers or {})}
    if is_known(request, tag):
        return Response(status_code=304, headers=told)
    return Response(body, media_type=media_type, headers=told)


def _date(text: str | None) -> date | None:
    if not text:
        return None
    try:
        if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII):
            raise ValueError(text)
        found = date.fromisoformat(text)
        if not 1970 <= found.year < 9999:
            raise ValueError(text)
    except ValueError:
        raise ProblemError(400, "date is not a day such as 2024-01-15", pointer="/date") from None
    return found
