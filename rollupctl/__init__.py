"""Continuous aggregates for PostgreSQL and Citus: the command line over the SQL package."""

from __future__ import annotations

# The one place the version is written; pyproject.toml reads it from here.
__version__ = "0.2.0"
