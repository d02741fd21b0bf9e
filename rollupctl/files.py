"""Location of the SQL files and the sample data, in a checkout and in an installed wheel."""

from __future__ import annotations

import functools
from pathlib import Path

QUERIES = "_queries.sql"

_PACKAGE = Path(__file__).resolve().parent


@functools.cache
def project_root() -> Path:
    """The directory that holds `sql/`, `data/`, `examples/` and the tutorial's steps.

    A wheel contains them in `rollupctl/_project`; in a checkout, and an editable install of one,
    they are next to the package.
    """
    packaged = _PACKAGE / "_project"
    return packaged if packaged.is_dir() else _PACKAGE.parent


def examples() -> list[str]:
    """The names of the examples: `sales` stands for examples/sales.sql and sales_queries.sql."""
    queries = (project_root() / "examples").glob(f"*{QUERIES}")
    return sorted(path.name.removesuffix(QUERIES) for path in queries)
