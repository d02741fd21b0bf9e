"""What to do about values and files that are written in another way than the loader expects."""

from __future__ import annotations

import re

from rollupctl.loading.timevalue import EPOCH_HINT, NUMBER

NOT_UTF8 = "a file of Windows is most likely --encoding cp1252, an old one of Unix latin1"
# How other programs write that there is no value.
NO_VALUE = re.compile(r"#?n/?a|\(?null\)?|none|nil|undefined|missing|\\n|[-.?]+", re.IGNORECASE)
ONE_A_LINE = "each line must be one JSON object: `jq -c . FILE | rollupctl load -` makes them so"


def advice(value: str, type_name: str) -> str | None:
    """What to do about the text of a field that its type does not take, if that shows."""
    if value == "":
        return "where an empty text stands for no value, say --null ''"
    if NO_VALUE.fullmatch(value):
        return f"where {value} stands for no value, say --null '{value}'"
    if type_name.startswith(("timestamp", "date")):
        if NUMBER.fullmatch(value):
            return EPOCH_HINT
        return (
            "write it as in 2024-12-31 23:59:59+00, or say --time-format dmy where the day comes "
            "first, mdy where the month does"
        )
    if re.fullmatch(r"\s*[-+]?[\d.]*,\d+\s*", value):
        return "where a comma stands before the decimals, say --decimal ','"
    return None
