"""docker-compose.yml: a Citus cluster in containers. What needs a Docker engine is skipped without
one; the rest looks at the files."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from tests import servers
from tests.helpers import row, rows, value
from tests.servers import ROOT

DOCKER = ROOT / "docker"
COMPOSE = ROOT / "docker-compose.yml"
SCRIPTS = ["citus-add-workers", "citus-has-workers", "init-coordinator.sh"]
FIRST_START = 1200  # seconds: the image has to be fetched and built


def docker(*args: str, timeout: float = 60, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["docker", *args],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=os.environ | env,
        timeout=timeout,
        check=False,
    )


def engine_answers() -> bool:
    if shutil.which("docker") is None:
        return False
    try:
        return docker("version", "--format", "{{.Server.Version}}", timeout=20).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Compose:
    """A project of its own from docker-compose.yml, with its own port and password."""

    def __init__(self) -> None:
        self.project = f"rollup-test-{os.getpid()}"
        self.password = secrets.token_urlsafe(12)
        self.port = free_port()

    def __call__(self, *args: str, timeout: float = 300) -> str:
        done = docker(
            "compose",
            *args,
            timeout=timeout,
            COMPOSE_PROJECT_NAME=self.project,
            ROLLUP_PASSWORD=self.password,
            ROLLUP_PORT=str(self.port),
        )
        assert done.returncode == 0, f"docker compose {args}:\n{done.stdout}\n{done.stderr}"
        return done.stdout

    @property
    def dsn(self) -> str:
        return make_conninfo(
            host="127.0.0.1",
            port=str(self.port),
            dbname="rollup",
            user="postgres",
            password=self.password,
        )


@pytest.fixture(scope="module")
def compose() -> Iterator[Compose]:
    if not engine_answers():
        pytest.skip("no Docker engine answers")
    if docker("compose", "version").returncode != 0:
        pytest.skip("docker compose is not installed")
    project = Compose()
    try:
        project("up", "--detach", "--build", "--wait", timeout=FIRST_START)
    except AssertionError as failure:
        logs = project("logs", "--no-color", "--tail", "60")
        project("down", "--volumes", "--timeout", "10")
        pytest.fail(f"{failure}\n{logs}")
    yield project
    project("down", "--volumes", "--timeout", "10")


@pytest.mark.docker
def test_cluster_counts_what_any_node_is_given(compose: Compose) -> None:
    with psycopg.connect(compose.dsn, autocommit=True) as db:
        assert value(db, "select count(*) from citus_get_active_worker_nodes()") == 2

        def run(*args: str) -> str:
            done = servers.rollupctl(compose.dsn, *args)
            assert done.returncode == 0, (args, done.stdout, done.stderr)
            return done.stdout

        run("install")
        assert {"citus", "hll", "topn", "pg_partman", "pg_cron"} <= {
            name for (name,) in rows(db, "select extname from pg_extension")
        }
        run("load", *(str(path) for path in sorted((ROOT / "data").glob("*.csv"))[:2]))
        through_worker = "insert into events (customer_id, event_type) values (1, 'click')"
        compose("exec", "-T", "worker1", "psql", "-U", "postgres", "rollup", "-c", through_worker)
        run("rollup")
        run("verify")
        counted, written = row(
            db,
            "select (select sum(event_count) from rollup_events_5min), count(*) from events",
        )
        assert counted == written > 1
        checks = json.loads(run("doctor", "-o", "json"))
        assert [check for check in checks if check["status"] == "fail"] == []


@pytest.mark.docker
def test_pg_cron_runs_the_rollups(compose: Compose) -> None:
    assert servers.rollupctl(compose.dsn, "install").returncode == 0
    done = servers.rollupctl(compose.dsn, "schedule", "--every", "5 seconds")
    assert done.returncode == 0, done.stderr
    with psycopg.connect(compose.dsn, autocommit=True) as db:
        db.execute("insert into events (customer_id, event_type) values (2, 'cron')")
        counted = (
            "select coalesce(sum(event_count), 0) from rollup_events_5min where event_type = 'cron'"
        )
        deadline = time.monotonic() + 60
        while value(db, counted) == 0:
            assert time.monotonic() < deadline, rows(db, "select * from cron.job_run_details")
            time.sleep(0.5)
    assert servers.rollupctl(compose.dsn, "unschedule").returncode == 0


@pytest.mark.docker
def test_it_comes_back_with_its_data(compose: Compose) -> None:
    assert servers.rollupctl(compose.dsn, "install").returncode == 0
    with psycopg.connect(compose.dsn, autocommit=True) as db:
        db.execute("insert into events (customer_id) values (3)")
        before = value(db, "select count(*) from events")
    compose("down", "--timeout", "60")
    compose("up", "--detach", "--wait", timeout=300)
    with psycopg.connect(compose.dsn, autocommit=True) as db:
        assert value(db, "select count(*) from events") == before


@pytest.mark.docker
def test_a_wrong_password_is_refused(compose: Compose) -> None:
    done = servers.rollupctl(make_conninfo(compose.dsn, password="guess"), "status")
    assert done.returncode == 1
    assert "password" in done.stderr


@pytest.mark.docker
def test_compose_file_is_what_docker_reads(compose: Compose) -> None:
    config: dict[str, Any] = json.loads(compose("config", "--format", "json"))
    assert set(config["services"]) == {"coordinator", "worker1", "worker2"}
    ports = [port for service in config["services"].values() for port in service.get("ports", [])]
    assert [port["host_ip"] for port in ports] == ["127.0.0.1"]


def test_compose_file_follows_the_schema_of_compose() -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema"]
    command += ["vendor.compose-spec", str(COMPOSE)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", SCRIPTS)
def test_shell_scripts_parse(name: str) -> None:
    done = subprocess.run(["sh", "-n", str(DOCKER / name)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (DOCKER / name).read_text(encoding="utf-8").startswith("#!/bin/sh\n")


def test_only_this_machine_reaches_the_port() -> None:
    text = COMPOSE.read_text(encoding="utf-8")
    published = re.findall(r"^ +- \"?(\S+:5432)\"?$", text, re.MULTILINE)
    assert published
    assert all(port.startswith("127.0.0.1:") for port in published)


def test_image_is_made_of_packages() -> None:
    text = (DOCKER / "Dockerfile").read_text(encoding="utf-8")
    assert re.search(r"^FROM citusdata/citus:", text, re.MULTILINE)
    for word in ("make", "gcc", "git clone", "curl", "wget", "build-essential"):
        assert not re.search(rf"\b{re.escape(word)}\b", text)


def test_tags_agree() -> None:
    in_image = re.search(r"ARG CITUS_TAG=(\S+)", (DOCKER / "Dockerfile").read_text("utf-8"))
    assert in_image
    in_compose = set(re.findall(r"CITUS_TAG:-([\w.]+)", COMPOSE.read_text(encoding="utf-8")))
    assert in_compose == {in_image[1]}


@pytest.fixture
def as_psql(tmp_path: Path) -> Path:
    """A directory with a psql that notes what it is asked, and prints what `answer` holds."""
    for name in ("psql", "pg_isready"):
        program = tmp_path / name
        program.write_text(
            f"#!/bin/sh\n[ {name} = psql ] || exit 0\n"
            f'{{ echo "$*"; [ -t 0 ] || cat; }} >>"{tmp_path}/asked"\ncat "{tmp_path}/answer"\n',
            encoding="utf-8",
        )
        program.chmod(0o755)
    (tmp_path / "answer").write_text("", encoding="utf-8")
    return tmp_path


def script(name: str, directory: Path, *args: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", str(DOCKER / name), *args],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env={"PATH": f"{directory}:{os.environ['PATH']}"} | env,
        timeout=20,
        check=False,
    )


def test_workers_are_added_by_name_and_port(as_psql: Path) -> None:
    done = script("citus-add-workers", as_psql, "one", "two:5433", POSTGRES_DB="rollup")
    assert done.returncode == 0, done.stderr
    asked = (as_psql / "asked").read_text(encoding="utf-8")
    assert "host=coordinator -v port=5432" in asked
    assert "host=one -v port=5432" in asked
    assert "host=two -v port=5433" in asked
    assert asked.index("citus_set_coordinator_host") < asked.index("citus_add_node")
    assert script("citus-add-workers", as_psql).returncode == 2


@pytest.mark.parametrize(
    ("workers", "active", "code"), [("one two", "2", 0), ("one two", "1", 1), ("", "0", 0)]
)
def test_healthy_means_all_workers_are_in(
    as_psql: Path, workers: str, active: str, code: int
) -> None:
    (as_psql / "answer").write_text(f"{active}\n", encoding="utf-8")
    done = script("citus-has-workers", as_psql, CITUS_WORKERS=workers)
    assert done.returncode == code


def test_only_the_coordinator_adds_workers(as_psql: Path) -> None:
    (as_psql / "citus-add-workers").symlink_to(DOCKER / "citus-add-workers")
    assert script("init-coordinator.sh", as_psql).returncode == 0
    assert not (as_psql / "asked").exists()
    assert script("init-coordinator.sh", as_psql, CITUS_WORKERS="one two").returncode == 0
    assert (as_psql / "asked").read_text(encoding="utf-8").count("citus_add_node") == 2
