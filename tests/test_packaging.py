"""What a user installs, and what builds it: the wheel alone, its manual page, the workflows."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from docs.man_page import man_page
from rollupctl.cli import main
from tests.servers import ROOT, place_for_servers

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def call(*command: str, **options: object) -> subprocess.CompletedProcess[str]:
    settings: dict[str, object] = {"capture_output": True, "text": True, "timeout": 300} | options
    return subprocess.run(command, check=False, **settings)  # type: ignore[call-overload,no-any-return]


@pytest.fixture(scope="module")
def venv(wheel_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with the wheel and what it asks for, and nothing of the checkout."""
    folder = tmp_path_factory.mktemp("packaging")
    assert call(sys.executable, "-m", "venv", str(folder / "venv")).returncode == 0
    pip = [
        str(folder / "venv" / "bin" / "python"),
        "-m",
        "pip",
        "-q",
        "--disable-pip-version-check",
    ]
    done = call(*pip, "install", str(wheel_file))
    assert done.returncode == 0, done.stderr
    return folder / "venv"


@pytest.fixture
def home() -> Iterator[Path]:
    """An empty directory that the server's user may enter."""
    folder = Path(tempfile.mkdtemp(prefix="rollup-", dir=place_for_servers()))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def environment_of(home: Path) -> dict[str, str]:
    names = ("PG", "ROLLUPCTL", "DATABASE_URL", "PYTHON")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(names)}
    return kept | {"ROLLUPCTL_HOME": str(home / "pg")}


def test_the_wheel_alone_gives_the_demo(venv: Path, home: Path) -> None:
    environment = environment_of(home)
    program = str(venv / "bin" / "rollupctl")
    (home / "empty").mkdir()
    try:
        done = call(program, "demo", cwd=home / "empty", env=environment)
        assert done.returncode == 0, done.stderr
        assert "The ten busiest devices" in done.stdout
        assert list((home / "empty").iterdir()) == []
    finally:
        done = call(program, "down", cwd=home, env=environment)
    assert "stopped" in done.stdout


def test_the_first_page_works_from_the_wheel(venv: Path, home: Path) -> None:
    """Every command of docs/start.md, in its order, but for the installation itself."""
    page = (ROOT / "docs" / "start.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```(sh|sql)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert blocks.pop(0)[1].splitlines()[-1] == "pip install rollupctl"
    environment = environment_of(home) | {
        "PATH": f"{venv / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "PGTZ": "UTC",
    }
    (home / "empty").mkdir()
    printed = ""
    place: list[str] = []
    try:
        for language, text in blocks:
            command = ["sh", "-eu"] if language == "sh" else ["psql", "-Xq", *place]
            done = call(*command, cwd=home / "empty", env=environment, input=text)
            assert done.returncode == 0, f"{text}\n{done.stderr}"
            printed += done.stdout + done.stderr
            if not place:
                done = call("rollupctl", "up", "-o", "csv", cwd=home, env=environment)
                place = ["-v", "ON_ERROR_STOP=1", done.stdout.splitlines()[1].split(",")[1]]
    finally:
        call(str(venv / "bin" / "rollupctl"), "down", cwd=home, env=environment)
    outputs = re.findall(r"<!-- output -->\n```text\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    lines = {line.rstrip() for line in printed.splitlines()}
    assert [line for line in "".join(outputs).splitlines() if line not in lines] == []


def test_the_wheel_has_a_manual_page_and_types(venv: Path) -> None:
    page = venv / "share" / "man" / "man1" / "rollupctl.1"
    assert page.read_text(encoding="utf-8") == man_page(), "regenerate it with ./run docs"
    (typed,) = venv.glob("lib/python*/site-packages/rollupctl/py.typed")
    assert typed.is_file()


def test_the_manual_page_is_roff_and_has_all_commands() -> None:
    page = ROOT / "docs" / "rollupctl.1"
    text = page.read_text(encoding="utf-8")
    for name in main.commands:
        assert re.search(rf"^\.SS {name.replace('-', r'.{0,2}')}\b", text, re.MULTILINE), name
    if shutil.which("groff"):
        done = call("groff", "-man", "-ww", "-z", "-Kutf8", str(page))
        assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_what_the_shell_reads(shell: str) -> None:
    done = call(sys.executable, "-m", "rollupctl", "completion", shell)
    assert done.returncode == 0, done.stderr
    assert "_ROLLUPCTL_COMPLETE" in done.stdout
    if shutil.which(shell):
        assert call(shell, "-n", input=done.stdout).returncode == 0


def test_completion_knows_commands_and_options() -> None:
    for words, position, expected in (
        ("rollupctl sta", "1", {"status"}),
        ("rollupctl status --max-l", "2", {"--max-lag"}),
    ):
        environment = os.environ | {
            "_ROLLUPCTL_COMPLETE": "bash_complete",
            "COMP_WORDS": words,
            "COMP_CWORD": position,
        }
        done = call(sys.executable, "-m", "rollupctl", env=environment)
        assert {line.partition(",")[2] for line in done.stdout.splitlines()} == expected


def test_all_extras_are_in_one() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    section = text.split("[project.optional-dependencies]")[1].split("\n[")[0]
    names = {*re.findall(r"^([\w-]+) = \[", section, re.MULTILINE)}
    found = re.search(r'^all = \["rollupctl\[(.*)\]"\]$', section, re.MULTILINE)
    assert found
    assert {*found[1].split(",")} == names - {"all", "dev", "docs", "test-oracles"}


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflows_follow_their_schema(path: Path) -> None:
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema"]
    done = call(*check, "vendor.github-workflows", str(path))
    assert done.returncode == 0, done.stdout + done.stderr


def test_workflows_pin_what_they_use_and_test_all_versions() -> None:
    texts = {path.name: path.read_text(encoding="utf-8") for path in WORKFLOWS}
    assert {"test.yml", "release.yml"} <= texts.keys()
    for name, text in texts.items():
        for used in re.findall(r"uses: (\S+)", text):
            pinned = used.startswith("./") or re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", used)
            assert pinned, f"{name}: {used}"
        for script in re.findall(r"\./run (\w+)", text):
            assert f"\n  {script} " in call("./run", "help", cwd=ROOT).stdout
    assert '["15", "16", "17", "18"]' in texts["test.yml"]
