"""Keys: who may send events and ask questions, and how often."""

from __future__ import annotations

import hashlib
import json
import time
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rollupctl.connect import Session, query
from rollupctl.errors import RollupError
from rollupctl.serve.problems import ProblemError

_FILE = "keys.json"
_QUERY = "select sha256, key_id, scopes, tenant, site from rollup_serve.active_keys()"
_BURST = 2.0  # seconds of the limit that may come at once
_MAX_CLIENTS = 100_000


@dataclass(frozen=True)
class Key:
    """What a key may do: its scopes, and the site that it is for, or None for all."""

    key_id: str
    scopes: tuple[str, ...]
    tenant: int | None = None
    site: str | None = None


ANYBODY = Key("", ("write", "read", "admin"))


@dataclass
class Keys:
    """The valid keys by their digests. They are also in a file of the spool's directory, so that a
    service which starts during an outage of the database knows whom to let in.
    """

    directory: Path
    version: int = 0  # changes with the keys
    is_needed: bool = False  # once there was a key, revoking the last one opens nothing
    _known: Mapping[str, Key] = field(default_factory=dict)

    def __post_init__(self) -> None:
        file = self.directory / _FILE
        if file.exists():
            try:
                saved: dict[str, dict[str, Any]] = json.loads(file.read_text())
                self._known = {
                    digest: Key(**{**key, "scopes": tuple(key["scopes"])})
                    for digest, key in saved.items()
                }
            except (ValueError, TypeError, KeyError, AttributeError):
                raise RollupError(
                    f"cannot read {file}", "delete it; the database has the keys"
                ) from None
            self.is_needed = bool(self._known)

    def __bool__(self) -> bool:
        return bool(self._known)

    @property
    def has_tenants(self) -> bool:
        """Whether a key is for one site only."""
        return any(key.tenant is not None for key in self._known.values())

    def refresh(self, session: Session) -> None:
        """Read the keys from the database."""
        known = {
            sha256: Key(key_id, tuple(scopes), tenant, site)
            for sha256, key_id, scopes, tenant, site in query(session, _QUERY).rows
        }
        if known != self._known:
            self._known = known
            self.is_needed = self.is_needed or bool(known)
            self.version += 1
            text = json.dumps({digest: asdict(key) for digest, key in known.items()})
            part = self.directory / f"{_FILE}.part"
            part.write_text(text)
            part.chmod(0o600)
            part.replace(self.directory / _FILE)

    def find(self, headers: Iterable[tuple[bytes, bytes]]) -> Key:
        """The key of a request; anybody may do anything until there is a key.

        Raises ProblemError: 401.
        """
        if not self.is_needed:
            return ANYBODY
        given = next((value for name, value in headers if name == b"authorization"), b"")
        scheme, _, secret = given.partition(b" ")
        key = self._known.get(hashlib.sha256(secret.strip()).hexdigest())
        if scheme.lower() != b"bearer" or key is None:
            raise ProblemError(
                401,
                "a valid key is needed" if given else "a key is needed",
                hint="Send the header Authorization: Bearer KEY.",
                headers={"WWW-Authenticate": "Bearer"},
            )
        return key

    def holds(self, key: Key) -> bool:
        """Whether a key that was found before is still valid."""
        return key in self._known.values() if self.is_needed else key is ANYBODY


def require_scope(key: Key, scope: str) -> None:
    """Raises ProblemError: 403 if the key lacks a scope; admin has all."""
    if scope not in key.scopes and "admin" not in key.scopes:
        raise ProblemError(403, f"the key lacks the scope {scope}")


@dataclass
class RateLimit:
    """Requests a second of each client: a bucket that fills steadily."""

    per_second: float
    _buckets: OrderedDict[str, tuple[float, float]] = field(default_factory=OrderedDict)

    def take(self, client: str, now: float | None = None) -> dict[str, str]:
        """Count a request; returns the headers that say what is left. Raises ProblemError: 429."""
        now = time.monotonic() if now is None else now
        most = max(1.0, self.per_second * _BURST)
        left, at = self._buckets.pop(client, (most, now))
        left = min(most, left + (now - at) * self.per_second)
        allowed = left >= 1
        left -= allowed
        self._buckets[client] = (left, now)
        while len(self._buckets) > _MAX_CLIENTS:
            self._buckets.popitem(last=False)
        headers = {
            "X-RateLimit-Limit": f"{most:.0f}",
            "X-RateLimit-Remaining": f"{int(left)}",
            "X-RateLimit-Reset": f"{(most - left) / self.per_second:.0f}",
        }
        if not allowed:
            seconds = max(1, round((1 - left) / self.per_second))
            headers["Retry-After"] = str(seconds)
            raise ProblemError(
                429, f"more than {self.per_second:g} requests a second", headers=headers
            )
        return headers
