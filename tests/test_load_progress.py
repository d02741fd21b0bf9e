"""What is shown on a terminal while files are loaded, and nowhere else."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

from tests.conftest import Rollupctl
from tests.servers import command_environment

ROWS = "customer_id,event_type\n" + "1,buy\n" * 20_000


def on_a_terminal(dsn: str, *args: str) -> tuple[int, str, str]:
    """Exit code, stdout, and what a terminal has got from stderr."""
    ours, theirs = pty.openpty()
    environment = command_environment(dsn) | {"COLUMNS": "160", "TERM": "xterm"}
    child = subprocess.Popen(
        [sys.executable, "-m", "rollupctl", *args],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=theirs,
    )
    os.close(theirs)
    shown = b""
    with contextlib.suppress(OSError):  # the other end is closed
        while data := os.read(ours, 1 << 16):
            shown += data
    os.close(ours)
    out, _ = child.communicate()
    return child.returncode, out.decode(), re.sub(r"\x1b\[[?\d;]*[a-zA-Z]", "", shown.decode())


def test_progress(dsn: str, rollupctl: Rollupctl, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(ROWS)
    (tmp_path / "b.csv").write_text(ROWS + "2,buy\n")
    (tmp_path / "c.csv").write_text(ROWS + "3,buy\nx,buy\n")
    files = [str(tmp_path / name) for name in ("a.csv", "b.csv")]
    code, out, shown = on_a_terminal(dsn, "load", *files, "--jobs", "2", "-o", "json")
    assert code == 0, shown
    assert [row["rows"] for row in json.loads(out)] == [20_000, 20_001]
    for name in ("a.csv", "b.csv"):
        assert re.search(rf"{name} .*120\.0/120\.0 kB .*20,00[01] rows", shown), shown
    assert re.search(
        r"2 files: 40,001 rows, 0\.2 MB in [\d.]+ s, [\d,]+ rows/s, [\d.]+ MB/s", shown
    )
    bad = ("--reject", str(tmp_path / "bad"))
    code, _, shown = on_a_terminal(dsn, "load", str(tmp_path / "c.csv"), *bad)
    assert re.search(r"1 file: 20,001 rows, .*; 1 rejected\r\n", shown), shown
    # Notes do not run into it, and an error ends it.
    code, _, shown = on_a_terminal(dsn, "load", str(tmp_path / "a.csv"), str(tmp_path / "no.csv"))
    assert code != 0
    assert re.search(r"no\.csv: No such file", shown), shown
    (tmp_path / "d.csv").write_text(ROWS + "4,buy\n")
    done = rollupctl("load", str(tmp_path / "d.csv"), "-o", "json")
    assert (done.returncode, done.stderr) == (0, "")
