"""What came of loading a file."""

from __future__ import annotations

from dataclasses import dataclass

from rollupctl.loading.ledger import Entry


@dataclass(frozen=True)
class Loaded:
    """Outcome of one file: LOADED, SKIPPED or GONE, how many rows this load added, and the entry
    of a file that was skipped.
    """

    status: str
    rows: int
    rejected: int = 0
    entry: Entry | None = None


LOADED, SKIPPED, GONE = "loaded", "skipped", "rows gone"
