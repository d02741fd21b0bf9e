"""Confirmation of removals: a question on a terminal, an option elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from rollupctl.errors import RollupError
from rollupctl.output import note

_HINT = "see what would go with --dry-run, then say --yes"


def require_confirmation(reasons: Sequence[str], hint: str = _HINT) -> None:
    """Ask on a terminal whether to go on, if there are `reasons` to ask.

    Raises RollupError without a terminal, or if the answer is no.
    """
    if not reasons:
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise RollupError(f"{'; '.join(reasons)}: nothing was removed", hint)
    for reason in reasons:
        note(reason)
    if not click.confirm("Remove it?", err=True):
        raise RollupError("nothing was removed", hint)


def announce_confirmation(reasons: Sequence[str]) -> None:
    """The note of a dry run about the confirmation that would be required."""
    for reason in reasons:
        note(f"{reason}: it would be asked about, or need --yes")
