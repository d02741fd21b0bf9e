"""Runs the examples of a Markdown file and writes their output below them.

A fenced block after the comment `<!-- run -->` is an example: `sh` is run by the shell, `sql` by
psql, in the order of the page, all against one database. `<!-- run: fails -->` marks an example
that must fail. The fenced block after a comment `<!-- output -->` holds the output of the example
above it. The output of an example without such a block is not compared.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_BLOCK = re.compile(
    r"^<!-- (?P<mark>run|run: fails|output) -->\n"
    r"(?P<fence>`{3,})(?P<language>\w+)\n(?P<text>.*?)^(?P=fence)$",
    re.MULTILINE | re.DOTALL,
)
_MARK = re.compile(r"^<!-- (?!run -->|run: fails -->|output -->)(run|output)", re.MULTILINE)
_COMMANDS = {
    "sh": ["sh", "-eu", "-s"],
    "sql": [
        "psql",
        "-X",
        "-q",
        "-P",
        "pager=off",
        "-v",
        "ON_ERROR_STOP=1",
        "-v",
        "SHOW_CONTEXT=never",
    ],
}


class TranscriptError(Exception):
    """An example did not do what the page says, or the page is malformed."""


@dataclass(frozen=True)
class Example:
    """One example: its language, its text, its line, and whether it must fail.

    `output` is the position of the block with its output, as offsets into the text of the page.
    """

    language: str
    text: str
    line: int
    fails: bool
    output: tuple[int, int] | None


def examples(text: str, name: str) -> list[Example]:
    """Returns the examples in `text`, the content of the file `name`, in order."""
    if wrong := _MARK.search(text):
        raise TranscriptError(f"{name}:{_line(text, wrong.start())}: unknown mark {wrong[0]}")
    found: list[Example] = []
    for block in _BLOCK.finditer(text):
        line = _line(text, block.start("text"))
        if block["mark"] == "output":
            if not found or found[-1].output is not None:
                raise TranscriptError(f"{name}:{line}: output without an example")
            last = found.pop()
            place = block.span("text")
            found.append(Example(last.language, last.text, last.line, last.fails, place))
        elif block["language"] not in _COMMANDS:
            raise TranscriptError(f"{name}:{line}: cannot run {block['language']}")
        else:
            fails = block["mark"] == "run: fails"
            found.append(Example(block["language"], block["text"], line, fails, None))
    return found


def rewrite(path: Path, dsn: str, root: Path, variables: dict[str, str] | None = None) -> str:
    """Runs the examples of the file `path` and returns its text with their current output.

    They run in the directory `root`, against the database of `dsn`, in the environment of a user:
    with ROLLUPCTL_DSN set, `rollupctl` in PATH, times in UTC, and `variables`. Raises
    TranscriptError for an example that fails, or that succeeds although it is marked as failing.
    """
    text = path.read_text(encoding="utf-8")
    parts: list[str] = []
    done = 0
    for example, printed in _run_all(
        examples(text, path.name), path.name, dsn, root, variables or {}
    ):
        if example.output is not None:
            start, end = example.output
            parts += [text[done:start], printed]
            done = end
    return "".join([*parts, text[done:]])


def _run_all(
    listed: list[Example], name: str, dsn: str, root: Path, variables: dict[str, str]
) -> Iterator[tuple[Example, str]]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PG", "ROLLUPCTL_DSN"))}
    environment |= {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
        "ROLLUPCTL_DSN": dsn,
        "PGTZ": "UTC",
        "LC_ALL": "C.UTF-8",
    }
    environment |= variables
    for example in listed:
        command = _COMMANDS[example.language]
        done = subprocess.run(
            [*command, dsn] if example.language == "sql" else command,
            input=example.text,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            cwd=root,
            env=environment,
            timeout=300,
            check=False,
        )
        if (done.returncode != 0) is not example.fails:
            verb = "succeeded" if example.fails else f"exited with {done.returncode}"
            raise TranscriptError(f"{name}:{example.line}: {verb}:\n{example.text}\n{done.stdout}")
        lines = [line.rstrip() for line in done.stdout.strip("\n").splitlines()]
        yield example, "".join(f"{line}\n" for line in lines)


def _line(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1
