"""The format of a CSV file, and the columns that it lacks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rollupctl.errors import UsageError
from rollupctl.loading.content import UTF8, validate_encoding

AUTO = "auto"


@dataclass(frozen=True)
class Dialect:
    """The format of a CSV file. With `null`, that text is NULL, also in quotes for columns that are
    not of type text; otherwise an empty field without quotes is NULL.

    `columns` are the names of the fields of a file without a header. `fields` maps names of fields
    to those of columns, `constants` are columns that the file lacks and their values. `sites` are
    columns for the number of the site that a field names. Unknown fields go into the column `rest`,
    or are left out with `ignore_unknown`. The field `event_key` identifies an event that may come
    again. Rows replace those with the same values of the columns `corrects`. The `decimal` mark of
    numbers is a comma where they are written as in 1.234,56.
    """

    delimiter: str = ","
    quote: str = '"'
    null: str | None = None
    encoding: str = UTF8
    columns: tuple[str, ...] = ()
    fields: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    sites: Mapping[str, str] = field(default_factory=dict)
    rest: str | None = None
    ignore_unknown: bool = False
    form: str = AUTO
    event_key: str | None = None
    corrects: tuple[str, ...] = ()
    decimal: str = "."

    def __post_init__(self) -> None:
        """Refuse what COPY would refuse, with a message in terms of the command line."""
        for option, value in (("--delimiter", self.delimiter), ("--quote", self.quote)):
            if len(value) != 1 or not value.isascii() or value in "\r\n\0":
                raise UsageError(
                    f"{option}: {value!r} is not one character", "write --delimiter ';' or tab"
                )
        if self.delimiter == self.quote:
            raise UsageError("--delimiter and --quote are the same character")
        if any(c in f"{self.delimiter}{self.quote}\r\n\0" for c in self.null or ""):
            raise UsageError(
                f"--null: {self.null!r} holds the delimiter, the quote or a line break",
                "write what stands between delimiters, without quotes: --null '' or --null NULL",
            )
        given = [*self.fields.values(), *self.constants, *self.sites]
        given += [self.rest] if self.rest else []
        for column in given:
            if given.count(column) > 1:
                raise UsageError(
                    f"column {column} is named twice by --map, --set, --site and --rest",
                    "a column gets its value from one of them",
                )
        object.__setattr__(self, "encoding", validate_encoding(self.encoding))

    @property
    def takes_unknown(self) -> bool:
        """Whether rows may have fields that no column gets."""
        return self.rest is not None or self.ignore_unknown

    @property
    def is_staged(self) -> bool:
        """Whether columns get other values than those of their fields."""
        return bool(self.takes_unknown or self.sites or self.event_key or self.has_commas)

    @property
    def has_commas(self) -> bool:
        """Whether a comma stands before the decimals of numbers."""
        return self.decimal == ","

    @property
    def suffix(self) -> bytes:
        """What `constants` add to the end of each line."""
        quote = self.quote
        return "".join(
            f"{self.delimiter}{quote}{value.replace(quote, quote * 2)}{quote}"
            for value in self.constants.values()
        ).encode()


CSV = Dialect()


class Constants:
    """Adds the constants of a dialect to the end of each record.

    Line breaks within quotes belong to a value. In CSV every quote opens or closes, also the
    doubled ones, so the text between two of them is inside or outside in turn.
    """

    def __init__(self, dialect: Dialect, line_end: bytes) -> None:
        self._suffix = dialect.suffix
        self._quote = dialect.quote.encode()
        self._line_end = line_end
        self._inside = False
        self._held = b""  # half a line end
        self._last = b""

    def add(self, chunk: bytes) -> bytes:
        """The next chunk with the constants, as far as its records are complete."""
        if not self._suffix or not chunk:
            return chunk
        texts = (self._held + chunk).split(self._quote)
        self._held = b""
        if self._line_end == b"\r\n" and texts[-1].endswith(b"\r"):
            texts[-1], self._held = texts[-1][:-1], b"\r"
        for at in range(int(self._inside), len(texts), 2):
            texts[at] = texts[at].replace(self._line_end, self._suffix + self._line_end)
        self._inside ^= len(texts) % 2 == 0
        sent = self._quote.join(texts)
        self._last = (self._last + sent)[-2:]
        return sent

    def end(self) -> bytes:
        """The end of a last record without a line end."""
        if not self._suffix or (not self._held and self._last.endswith(self._line_end)):
            return b""
        return self._held + self._suffix
