"""SQL files as psql reads them, split into statements, with \\ir as the only meta command.

Files named *.psql are for psql only, which runs no transaction around a script: they are skipped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rollupctl.errors import InstallError
from rollupctl.files import project_root

# Tokens that matter for the end of a statement. The order of the alternatives is significant.
_TOKEN = re.compile(
    r"""
    (?P<comment>--[^\n]*)
  | (?P<block>/\*)
  | (?P<escaped>[eE]'(?:[^'\\]|\\.|'')*')
  | (?P<quoted>'[^']*')
  | (?P<name>"[^"]*")
  | (?P<dollar>\$(?P<tag>(?:[^\W\d]\w*)?)\$.*?\$(?P=tag)\$)
  | (?P<word>\w[\w$]*)
  | (?P<open>[(\[])
  | (?P<close>[)\]])
  | (?P<end>;)
  | (?P<meta>\\[^\n]*)
  | (?P<unclosed>['"]|\$(?:[^\W\d]\w*)?\$)
  | (?P<space>\s+)
    """,
    re.VERBOSE | re.DOTALL,
)
_ROUTINE = re.compile(r"create (or replace )?(function|procedure)\b")


@dataclass(frozen=True)
class Statement:
    """One statement without its semicolon, its position, and its title.

    The title is the first line of the comment directly above.
    """

    text: str
    path: Path
    line: int
    title: str = ""

    def line_at(self, position: int) -> int:
        """The line in the file of the character at `position`, counted from 1 in the statement."""
        return self.line + self.text.count("\n", 0, max(position - 1, 0))


@dataclass(frozen=True)
class Include:
    """A psql \\ir: the file to include at this position."""

    argument: str
    line: int


def read_script(path: Path, _above: tuple[Path, ...] = ()) -> Iterator[Statement]:
    """The statements of `path` and of the files it includes with \\ir, in order.

    Raises InstallError, with file and line, for a missing file, a file that includes itself, any
    other psql command and an unterminated quote or comment.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise InstallError(f"{shown(path)}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise InstallError(f"{shown(path)}: is not UTF-8") from None
    above = (*_above, path.resolve())
    for part in _split(text, path):
        if isinstance(part, Statement):
            yield part
            continue
        if part.argument.endswith(".psql"):
            continue
        included = (path.parent / part.argument).resolve()
        problem = ""
        if included in above:
            problem = "goes round in a circle"
        elif not included.is_file():
            problem = "no such file"
        if problem:
            place = f"{shown(path)}:{part.line}"
            raise InstallError(f"{place}: \\ir {part.argument}: {problem}")
        yield from read_script(included, above)


def shown(path: Path) -> str:
    """`path` for messages: relative to the project's root if it is below that."""
    root = project_root()
    return str(path.relative_to(root) if path.is_relative_to(root) else path)


def _split(text: str, path: Path) -> Iterator[Statement | Include]:
    """Statements and \\ir commands of one file; quotes, comments and SQL bodies kept whole."""
    start: int | None = None  # start of the current statement
    depth = 0  # open parentheses
    begins = 0  # open begin/case blocks of a routine with an SQL body
    words: list[str] = []
    title = ""
    at = 0

    def line(position: int) -> int:
        return text.count("\n", 0, position) + 1

    while at < len(text):
        token = _TOKEN.match(text, at)
        kind = token.lastgroup if token else "other"
        end = token.end() if token else at + 1
        if kind == "unclosed":
            raise InstallError(f"{shown(path)}:{line(at)}: unterminated quote")
        if kind == "block":
            end = _end_of_block(text, at, f"{shown(path)}:{line(at)}")
        elif kind == "meta":
            if start is not None:
                raise InstallError(f"{shown(path)}:{line(at)}: psql command inside a statement")
            yield _include(text[at:end], path, line(at))
        elif kind == "comment":
            if start is None and not title:
                title = text[at:end].lstrip("- ").strip()
        elif kind == "space":
            if start is None and text.count("\n", at, end) > 1:
                title = ""
        elif kind == "end" and depth == 0 and begins == 0:
            if start is not None:
                yield Statement(text[start:at], path, line(start), title)
            start, words, title = None, [], ""
        else:
            start = at if start is None else start
            depth += (kind == "open") - (kind == "close")
            if kind == "word" and depth == 0:
                begins += _block_change(text[at:end].lower(), words, begins)
        at = end
    if start is not None:
        yield Statement(text[start:].rstrip(), path, line(start), title)


def _block_change(word: str, words: list[str], begins: int) -> int:
    """How `word` changes the depth of blocks in a routine's SQL body, as psql counts it."""
    if len(words) < 4:
        words.append(word)
    if not _ROUTINE.match(" ".join(words) + " "):
        return 0
    if word == "begin":
        return 1
    if begins and word in ("case", "end"):
        return 1 if word == "case" else -1
    return 0


def _end_of_block(text: str, at: int, place: str) -> int:
    """The position after the block comment that begins at `at`; block comments nest."""
    depth = 0
    for mark in re.compile(r"/\*|\*/").finditer(text, at):
        depth += 1 if mark.group() == "/*" else -1
        if depth == 0:
            return mark.end()
    raise InstallError(f"{place}: unterminated comment")


def _include(command: str, path: Path, line: int) -> Include:
    words = command.split()
    if words[0] not in ("\\ir", "\\include_relative") or len(words) != 2:
        raise InstallError(
            f"{shown(path)}:{line}: {command.strip()}: not supported here",
            "of psql's commands only `\\ir file` works in files that rollupctl runs",
        )
    return Include(words[1].strip("'"), line)
