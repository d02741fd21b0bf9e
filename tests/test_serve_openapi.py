"""What the OpenAPI document says, tried with random requests by schemathesis."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers import ANALYTICS, Server
from tests.serving import Serving, serving

EXAMPLES = 40  # requests of each kind to each address
CONFIG = """
# The name of a rollup that exists; the parameters of a question are random.
[parameters]
"path.name" = "site_views_1min"

# The same Idempotency-Key with another body is 422.
[[operations]]
include-method = "POST"
checks.positive_data_acceptance.expected-statuses = ["200", "202", "409", "422"]

# What a question means is not said by the form of its parameters: 400 says why it means nothing.
[[operations]]
include-path-regex = "^/(rollups|analytics)/"
checks.positive_data_acceptance.expected-statuses = ["200", "400", "404"]
"""


@pytest.fixture
def service(plain: Server, tmp_path: Path) -> Iterator[Serving]:
    name = plain.database(ANALYTICS)
    with serving(plain.dsn(name), tmp_path / "spool", "--rate-limit", "0") as service:
        yield service
    plain.drop(name)


def test_schemathesis_finds_nothing(service: Serving, tmp_path: Path) -> None:
    if importlib.util.find_spec("schemathesis") is None:
        pytest.skip("schemathesis is not installed")
    config = tmp_path / "schemathesis.toml"
    config.write_text(CONFIG)
    command = [
        sys.executable, "-m", "schemathesis.cli", f"--config-file={config}", "run",
        f"http://localhost:{service.port}/openapi.json",
        "--phases=examples,coverage,fuzzing", f"--max-examples={EXAMPLES}", "--seed=7",
        "--generation-deterministic", "--checks=all", "--continue-on-failure",
        "--exclude-path-regex=/stream$",  # it does not end
        "--no-color",
    ]  # fmt: skip
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=600, check=False, cwd=tmp_path
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert service.logged("internal_error") == []
