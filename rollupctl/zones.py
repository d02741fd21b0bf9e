"""Time zones by name."""

from __future__ import annotations

from psycopg import errors

from rollupctl.connect import Session, query
from rollupctl.errors import UsageError, primary


def require_time_zone(session: Session, time_zone: str) -> None:
    """Raise UsageError for an unknown time zone; see rollup.validate_time_zone."""
    if time_zone == "UTC":
        return  # the server reads the files of all zones, which takes longer than a small file
    try:
        query(session, "select rollup_internal.validate_time_zone(%s)", time_zone)
    except errors.InvalidParameterValue as error:
        hint = (error.diag.message_hint or "").rstrip(".") or None
        raise UsageError(f"--time-zone: {primary(error)}", hint) from None
