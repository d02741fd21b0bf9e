"""GET /stats."""

from __future__ import annotations

import re
from datetime import date

from starlette.requests import Request
from starlette.responses import Response

from rollupctl.serve.problems import ProblemError
from rollupctl.serve.service import Service

_STATS = "select rollup_serve.stats(%s, %s)::text"


async def get_stats(request: Request) -> Response:
    """Page views, users and top paths of a site on one day."""
    service: Service = request.app.state.service
    site = request.query_params.get("site_id", "")
    if not site.strip():
        raise ProblemError(400, "site_id required", pointer="/site_id")
    if "\0" in site or len(site) > 200:
        raise ProblemError(400, "site_id is not the name of a site", pointer="/site_id")
    ((text,),) = await service.ask(_STATS, site, _date(request.query_params.get("date")))
    return Response(text, media_type="application/json", headers={"Cache-Control": "no-cache"})


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
