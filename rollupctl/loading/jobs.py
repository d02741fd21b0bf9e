"""Load several files side by side, each in a session of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from rollupctl.connect import Session
from rollupctl.errors import UsageError
from rollupctl.loading.content import STDIN, find_files
from rollupctl.loading.load import RESULT, Options, load_files
from rollupctl.output import Table
from rollupctl.sidebyside import side_by_side


def load_side_by_side(
    connect: Callable[[], Session],
    names: Sequence[str],
    options: Options,
    jobs: int,
    *,
    report: Table,
) -> None:
    """Load the files of `names`, as load_files does, in as many sessions as `jobs`.

    After an error no further file is begun; those that are being loaded are completed, and the
    error of the first file that has one is raised. An interruption ends all at once.
    """
    listed = list(dict.fromkeys(find_files(list(names))))
    if STDIN in listed or options.rejects or options.dry_run:
        raise UsageError("--jobs does not go with standard input, --reject and --dry-run")
    with connect() as session:
        check = replace(options, dry_run=True)
        load_files(session, listed, check, report=Table(RESULT))

    def load(name: str, session: Session) -> Table:
        own = Table(RESULT)
        load_files(session, [name], options, report=own)
        return own

    begun = side_by_side(connect, [partial(load, name) for name in listed], jobs)
    for future in begun:
        if future.exception() is None:
            for row in future.result().rows:
                report.add(*row)
    for future in begun:
        future.result()
