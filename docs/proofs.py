"""Writes into docs/traps-*.md which tests prove that a trap is avoided.

A comment `<!-- tests 07 test_more … -->` stands for all tests named test_trap_07_…, and for the
tests that it names. This module writes the paragraph below it.
"""

from __future__ import annotations

import re
from pathlib import Path

_MARK = re.compile(
    r"^<!-- tests (?P<trap>\d\d)(?P<more>[^>]*) -->\n(?:(?:Proved by|No test) .*?\n(?=\n|\Z))?",
    re.MULTILINE | re.DOTALL,
)
UNPROVED = "No test of its own yet."
_TEST = re.compile(r"^def (test_\w+)\(", re.MULTILINE)


class ProofError(Exception):
    """The page names a test that does not exist."""


def files_of_tests(tests: Path) -> dict[str, Path]:
    """Returns the file of each test function in the directory `tests`."""
    return {
        name: path
        for path in sorted(tests.rglob("test_*.py"))
        for name in _TEST.findall(path.read_text(encoding="utf-8"))
    }


def _traps(name: str) -> list[str]:
    """Returns the traps in the name of a test: ["06", "07"] of test_trap_06_and_07_…."""
    found = re.match(r"test_trap_(\d\d(?:_and_\d\d)*)_", name)
    return found[1].split("_and_") if found else []


def with_proofs(page: Path, tests: Path) -> str:
    """Returns the text of `page` with its lists of tests filled in. Raises ProofError."""
    known = files_of_tests(tests)

    def proof(mark: re.Match[str]) -> str:
        named = mark["more"].split()
        if missing := [name for name in named if name not in known]:
            raise ProofError(f"{page.name}: trap {mark['trap']}: no test {', '.join(missing)}")
        own = [name for name in known if mark["trap"] in _traps(name)]
        links = [
            f"[`{name}`](../{known[name].relative_to(tests.parent)})"
            for name in dict.fromkeys(own + named)
        ]
        proved = "Proved by " + ",\n".join(links) + "." if links else UNPROVED
        return f"{mark[0].splitlines()[0]}\n{proved}\n"

    return _MARK.sub(proof, page.read_text(encoding="utf-8"))
