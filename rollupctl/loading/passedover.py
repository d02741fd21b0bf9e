"""What is said of a file that was loaded before."""

from __future__ import annotations

from rollupctl.loading.csvfile import CsvFile
from rollupctl.loading.ledger import Entry
from rollupctl.loading.outcome import GONE, SKIPPED, Loaded
from rollupctl.loading.target import Target
from rollupctl.output import note


def passed_over(file: CsvFile, target: Target, earlier: Entry | None) -> Loaded:
    """Print a note if the rows of a file that was loaded before no longer exist."""
    if earlier is None or earlier.rows == earlier.rows_left:
        return Loaded(SKIPPED, 0, entry=earlier)
    loaded = f"{earlier.loaded_at:%Y-%m-%d %H:%M}"
    left = f"{earlier.rows_left} of its {earlier.rows} rows are left"
    what = "was loaded" if earlier.is_finished else "was loaded in part"
    note(f"{file.name}: {what} on {loaded} UTC, but {left} in {target.qualified}")
    if earlier.is_gone:
        note(
            "hint: `rollupctl load --again` loads it as new events, which rollups count although "
            "they have counted the rows that are gone"
        )
    return Loaded(GONE, 0)


def note_skipped(skipped: list[tuple[str, Entry]]) -> None:
    """Say when the files that were skipped were loaded, and how to load them again."""
    if not skipped:
        return
    name, entry = skipped[0]
    others = f" and {len(skipped) - 1} more" if len(skipped) > 1 else ""
    note(
        f"{name}{others}: loaded before, on {entry.loaded_at:%Y-%m-%d %H:%M} UTC; "
        f"`rollupctl unload {entry.load_id}` removes its events, so that it can be loaded again"
    )
