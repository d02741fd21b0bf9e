"""Headers of requests that are lists, which may come in several lines."""

from __future__ import annotations

import math

from starlette.requests import HTTPConnection


def listed(request: HTTPConnection, name: str) -> list[str]:
    """The items of a header."""
    return [
        stripped
        for line in request.headers.getlist(name)
        for item in line.split(",")
        if (stripped := item.strip())
    ]


def weighted(request: HTTPConnection, name: str) -> dict[str, float]:
    """The items of a header such as Accept in lower case, without parameters, with their weights:
    0 for what is not wanted.
    """
    found: dict[str, float] = {}
    for item in listed(request, name):
        value, *parameters = (part.strip().lower() for part in item.split(";"))
        given = next((p.removeprefix("q=") for p in parameters if p.startswith("q=")), "1")
        try:
            weight = float(given)
        except ValueError:
            weight = 1.0
        found.setdefault(value, weight if math.isfinite(weight) else 1.0)
    return found


def is_known(request: HTTPConnection, tag: str) -> bool:
    """Whether the client has the answer of an entity tag; a weak one does as well."""
    given = listed(request, "if-none-match")
    return "*" in given or tag in (known.removeprefix("W/") for known in given)
