"""What came of loading a file."""

from __future__ import annotations

from dataclasses import dataclass, replace

from rollupctl.loading.ledger import Entry
from rollupctl.loading.receive import Received
from rollupctl.output import Table


@dataclass(frozen=True)
class Loaded:
    """Outcome of one file: LOADED, SKIPPED or GONE, how many rows this load added, left out because
    they are bad or repeated, and the entry of a file that was skipped.
    """

    status: str
    rows: int
    rejected: int = 0
    duplicates: int = 0
    entry: Entry | None = None

    def plus(self, received: Received) -> Loaded:
        """With one more part."""
        return replace(
            self,
            rows=self.rows + received.rows,
            rejected=self.rejected + len(received.rejected),
            duplicates=self.duplicates + received.duplicates,
        )


LOADED, SKIPPED, GONE, FOLLOWED = "loaded", "skipped", "rows gone", "followed"


def total(report: Table) -> Loaded:
    """All files of a report together."""
    rows, rejected, duplicates = (
        sum(number or 0 for number in report.column(name))
        for name in ("rows", "rejected", "duplicates")
    )
    return Loaded(LOADED, rows, rejected, duplicates)
