"""The embedded PostgreSQL: started twice, at once, after a crash; and it touches no other."""

from __future__ import annotations

import fcntl
import os
import pwd
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
import pytest

from rollupctl import pgbinaries
from rollupctl.cluster import Cluster
from rollupctl.clusterconf import shared_buffers
from rollupctl.clusterhome import Home
from rollupctl.errors import ClusterError
from rollupctl.files import project_root
from rollupctl.pgbinaries import find_binaries
from rollupctl.postmaster import clear_leftovers, find_postmaster
from tests import servers
from tests.helpers import until

# Half a second less for each start; not for the tests of crashes.
FAST = {"fsync": "off", "shared_buffers": "16MB"}

MakeHome = Callable[..., Path]


@pytest.fixture(scope="module")
def make_home() -> Iterator[MakeHome]:
    """Makes empty directories with short names, where no directory above shuts the server out."""
    homes: list[Path] = []

    def make(name: str = "h", *, in_memory: bool = True) -> Path:
        place = servers.place_for_servers() if in_memory else "/tmp"
        top = Path(tempfile.mkdtemp(prefix="rollup-", dir=place))
        top.chmod(0o755)
        homes.append(top / name)
        return top / name

    yield make
    for home in homes:
        servers.discard(Cluster(home))


@pytest.fixture
def cluster(make_home: MakeHome) -> Iterator[Cluster]:
    """A cluster that is not made yet."""
    cluster = Cluster(make_home(), settings=FAST, preload=[])
    yield cluster
    servers.discard(cluster)


@pytest.fixture(scope="module")
def running(make_home: MakeHome) -> Cluster:
    """One cluster for the tests that leave it as it is."""
    cluster = Cluster(make_home(), settings=FAST)
    assert cluster.up() is True
    return cluster


def ask(cluster: Cluster, query: str) -> str:
    """The one value that `query` gives, as text."""
    with psycopg.connect(cluster.dsn(), autocommit=True) as session:
        row = session.execute(query.encode()).fetchone()
        assert row is not None
        return str(row[0])


def tell(cluster: Cluster, *statements: str) -> None:
    with psycopg.connect(cluster.dsn(), autocommit=True) as session:
        for statement in statements:
            session.execute(statement.encode())


def postmaster_pid(cluster: Cluster) -> int:
    postmaster = find_postmaster(cluster.data)
    assert postmaster is not None
    return postmaster.pid


def port(cluster: Cluster) -> int:
    postmaster = find_postmaster(cluster.data)
    assert postmaster is not None
    return postmaster.port


@contextmanager
def held_port(number: int) -> Iterator[None]:
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("127.0.0.1", number))
        holder.listen()
        yield


# -- up, down -----------------------------------------------------------------------------------


def test_up_gives_a_database_that_answers(running: Cluster) -> None:
    assert running.is_running()
    assert running.dsn_if_running() == running.dsn()
    assert ask(running, "select current_user || ' ' || current_database()") == "rollupctl rollup"
    assert ask(running, "show server_encoding") == "UTF8"
    assert ask(running, "show timezone") == "UTC"
    assert ask(running, "show data_checksums") == "on"


@pytest.mark.parametrize(("gigabytes", "expected"), [(0.25, 128), (2, 512), (24, 1024)])
def test_buffers_follow_the_machines_memory(
    monkeypatch: pytest.MonkeyPatch, gigabytes: float, expected: int
) -> None:
    told = {"SC_PHYS_PAGES": int(gigabytes * 1024**3) // 4096, "SC_PAGE_SIZE": 4096}
    monkeypatch.setattr(os, "sysconf", told.__getitem__)
    assert shared_buffers() == expected


def test_up_again_leaves_the_server_alone(running: Cluster) -> None:
    before = postmaster_pid(running)
    assert running.up() is False
    assert postmaster_pid(running) == before


def test_later_commands_find_it_by_its_home(
    running: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROLLUPCTL_HOME", str(running.home))
    assert Cluster.default().dsn_if_running() == running.dsn()


def test_down_stops_it_and_down_again_is_no_error(cluster: Cluster) -> None:
    cluster.up()
    assert cluster.down() is True
    assert cluster.is_running() is False
    assert cluster.dsn_if_running() is None
    assert cluster.down() is False
    with pytest.raises(ClusterError, match="not running"):
        cluster.dsn()


def test_down_of_a_cluster_never_made_makes_nothing(cluster: Cluster) -> None:
    assert cluster.down() is False
    assert not cluster.home.exists()


def test_port_and_data_survive_a_restart(cluster: Cluster) -> None:
    cluster.up()
    first = port(cluster)
    tell(cluster, "create table kept ()")
    cluster.down()
    cluster.up()
    assert port(cluster) == first
    assert ask(cluster, "select to_regclass('kept')") == "kept"


def give_to_server(cluster: Cluster) -> None:
    """Make the files of a home those of the server's user, as they would be."""
    if os.geteuid() == 0:
        owner = pwd.getpwnam("postgres")
        for path in (cluster.home, *cluster.home.rglob("*")):
            os.chown(path, owner.pw_uid, owner.pw_gid)


def start_up(cluster: Cluster) -> subprocess.Popen[str]:
    """`up` in a process of its own, which prints what it answers."""
    program = (
        "import sys; from rollupctl.cluster import Cluster;"
        f"print(Cluster(sys.argv[1], settings={FAST!r}, preload=[]).up())"
    )
    command = [sys.executable, "-c", program, str(cluster.home)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=project_root())


def test_many_at_once_start_one_server(cluster: Cluster) -> None:
    starters = [start_up(cluster) for _ in range(20)]
    said = sorted(starter.communicate(timeout=120)[0].strip() for starter in starters)
    assert said == ["False"] * 19 + ["True"]
    assert ask(cluster, "select 1") == "1"


def test_unfinished_files_of_a_killed_up_are_no_obstacle(cluster: Cluster) -> None:
    cluster.home.mkdir()
    for name in ("password.tmp", "pgpass.tmp", "state.json.tmp"):
        (cluster.home / name).touch()
    give_to_server(cluster)
    assert cluster.up() is True


def test_commands_of_a_killed_up_keep_the_lock(cluster: Cluster) -> None:
    # Otherwise an initdb that continues and the next `up` remove each other's files.
    program = """if True:
        import pathlib, sys
        from rollupctl.clusterhome import Home
        home = Home(pathlib.Path(sys.argv[1]))
        work = 'cd "$1"; touch begun; while [ -e begun ]; do sleep 0.01; done; touch done'
        with home.make():
            home.run(["sh", "-c", work, "sh", sys.argv[1]])
        """
    command = [sys.executable, "-c", program, str(cluster.home)]
    with subprocess.Popen(command, cwd=project_root()) as killed:
        until((cluster.home / "begun").exists, "the command runs")
        killed.kill()
    directory = os.open(cluster.home, os.O_RDONLY)
    with pytest.raises(BlockingIOError):
        fcntl.flock(directory, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(directory)
    (cluster.home / "begun").unlink()
    with Home(cluster.home).lock():
        assert (cluster.home / "done").exists()


def test_a_dropped_database_is_made_again(cluster: Cluster) -> None:
    cluster.up()
    with psycopg.connect(cluster.dsn(), dbname="postgres", autocommit=True) as session:
        session.execute("drop database rollup")
    assert cluster.up() is False
    assert ask(cluster, "select current_database()") == "rollup"


def test_a_half_made_data_directory_is_made_again(cluster: Cluster) -> None:
    (cluster.home / "data.new" / "base").mkdir(parents=True)
    (cluster.home / "data.new" / "PG_VERSION").write_text("15\n")
    give_to_server(cluster)
    cluster.up()
    assert ask(cluster, "select 1") == "1"
    assert not (cluster.home / "data.new").exists()


# -- crashes ------------------------------------------------------------------------------------


def test_up_recovers_after_kill_9(make_home: MakeHome) -> None:
    cluster = Cluster(make_home(in_memory=False), preload=[])  # as users have it
    cluster.up()
    tell(cluster, "create table kept (i int)", "insert into kept select generate_series(1, 1000)")
    # A session deep in a computation when its postmaster dies.
    busy = psycopg.connect(cluster.dsn(), autocommit=True)
    query = "select count(*) from generate_series(1, 1000000000)"

    def compute() -> None:
        with suppress(psycopg.Error):
            busy.execute(query)

    computing = threading.Thread(target=compute)
    computing.start()
    while ask(cluster, "select count(*) from pg_stat_activity where state = 'active'") != "2":
        pass
    first = postmaster_pid(cluster)
    os.kill(first, signal.SIGKILL)
    assert cluster.up() is True
    computing.join()
    busy.close()
    assert postmaster_pid(cluster) != first
    assert ask(cluster, "select count(*) from kept") == "1000"


def test_a_backend_that_outlives_its_postmaster_is_ended(cluster: Cluster) -> None:
    cluster.up()
    with psycopg.connect(cluster.dsn()) as session:
        backend = session.info.backend_pid
        os.kill(backend, signal.SIGSTOP)
        os.kill(postmaster_pid(cluster), signal.SIGKILL)
        clear_leftovers(cluster.data, patience=0.2)
        # Gone, or a zombie that nobody has waited for: either way it works nowhere any more.
        assert not Path(f"/proc/{backend}/cwd").exists()
        session.close()
    assert cluster.up() is True


def test_leftovers_of_a_neighbour_are_left_alone(running: Cluster, cluster: Cluster) -> None:
    cluster.up()
    os.kill(postmaster_pid(cluster), signal.SIGKILL)
    with psycopg.connect(running.dsn()) as session:
        clear_leftovers(cluster.data, patience=0.2)
        session.execute("select 1")


def other_process(cluster: Cluster, *command: str) -> subprocess.Popen[bytes]:
    """A process of the server's user that is no server."""
    uid = cluster.data.stat().st_uid
    return subprocess.Popen(command, user=uid if uid != os.geteuid() else None)


def leave_lock_files(cluster: Cluster, number: int, pid: int) -> None:
    """What a killed server leaves behind, with `pid` for its process."""
    lines = f"{pid}\n{cluster.data}\n1\n{number}\n{cluster.home}/run\n"
    (cluster.data / "postmaster.pid").write_text(f"{lines}127.0.0.1\n1 1\nready\n")
    socket_file = cluster.home / "run" / f".s.PGSQL.{number}"
    socket_file.touch()
    socket_file.with_name(f"{socket_file.name}.lock").write_text(lines)


def test_a_lock_file_with_the_number_of_another_process(cluster: Cluster) -> None:
    cluster.up()
    number = port(cluster)
    cluster.down()
    with other_process(cluster, "sleep", "60") as other:
        leave_lock_files(cluster, number, other.pid)
        assert cluster.is_running() is False
        assert cluster.dsn_if_running() is None
        assert cluster.up() is True
        other.kill()


def test_a_zombie_postmaster_is_no_obstacle(cluster: Cluster) -> None:
    cluster.up()
    number = port(cluster)
    cluster.down()
    with other_process(cluster, "true") as zombie:
        os.waitid(os.P_PID, zombie.pid, os.WEXITED | os.WNOWAIT)
        leave_lock_files(cluster, number, zombie.pid)
        assert cluster.is_running() is False
        assert cluster.up() is True


def test_a_server_without_a_socket_is_not_up_yet(cluster: Cluster) -> None:
    # The server adds the directory of its socket to the lock file after it has made the socket.
    (cluster.home / "data").mkdir(parents=True)
    (cluster.data / "PG_VERSION").write_text("15\n")
    with subprocess.Popen(["sleep", "60"], cwd=cluster.data) as starting:
        (cluster.data / "postmaster.pid").write_text(
            f"{starting.pid}\n{cluster.data}\n1\n20000\n\n"
        )
        assert cluster.is_running() is True
        assert cluster.dsn_if_running() is None
        with pytest.raises(ClusterError, match="not running"):
            cluster.dsn()
        starting.kill()


# -- the port, the socket, and who may come in -----------------------------------------------------


def test_another_port_when_its_own_is_taken(cluster: Cluster) -> None:
    cluster.up()
    first = port(cluster)
    cluster.down()
    with held_port(first):
        cluster.up()
        assert port(cluster) != first
        assert ask(cluster, "select 1") == "1"


def test_jobs_of_pg_cron_follow_the_port(make_home: MakeHome) -> None:
    if not find_binaries().has_library("pg_cron"):
        pytest.skip("pg_cron is not installed")
    cluster = Cluster(make_home(), settings=FAST, preload=["pg_cron"])
    cluster.up()
    first = port(cluster)
    tell(
        cluster,
        "create extension pg_cron",
        "select cron.schedule('ours', '0 0 1 1 *', 'select 1')",
        "select cron.schedule('theirs', '0 0 1 1 *', 'select 1')",
        "update cron.job set nodename = 'elsewhere' where jobname = 'theirs'",
    )
    cluster.down()
    with held_port(first):
        cluster.up()
    where = "select nodename || ' ' || nodeport from cron.job where jobname = "
    assert ask(cluster, where + "'ours'") == f"{cluster.home}/run {port(cluster)}"
    assert ask(cluster, where + "'theirs'") == f"elsewhere {first}"


def test_only_this_machine_reaches_it_and_only_its_user_the_socket(running: Cluster) -> None:
    assert ask(running, "show listen_addresses") == "127.0.0.1"
    directory = Path(ask(running, "show unix_socket_directories").strip('"'))
    assert directory == running.home / "run"
    status = directory.stat()
    assert stat.S_IMODE(status.st_mode) == 0o700
    assert status.st_uid == (running.home / "data").stat().st_uid


def test_tcp_asks_for_the_password(running: Cluster) -> None:
    with psycopg.connect(running.dsn(tcp=True)) as session:
        assert session.info.host == "127.0.0.1"
    with pytest.raises(psycopg.OperationalError, match="no password supplied"):
        psycopg.connect(running.dsn(tcp=True), passfile=os.devnull)
    password = running.password_file.read_text().strip()
    assert len(password) >= 20
    assert password not in running.dsn(tcp=True)
    for name in ("password", "pgpass"):
        assert stat.S_IMODE((running.home / name).stat().st_mode) == 0o600


def test_trust_tcp_lets_in_without_a_password(make_home: MakeHome) -> None:
    cluster = Cluster(make_home(), settings=FAST, preload=[], trust_tcp=True)
    cluster.up()
    with psycopg.connect(cluster.dsn(tcp=True), passfile=os.devnull) as session:
        assert session.execute("select current_user").fetchone() == ("rollupctl",)


def test_a_long_path_has_its_socket_elsewhere(make_home: MakeHome) -> None:
    cluster = Cluster(make_home("x" * 90), settings=FAST, preload=[])
    cluster.up()
    directory = Path(ask(cluster, "show unix_socket_directories").strip('"'))
    assert len(f"{directory}/.s.PGSQL.65535") <= 107
    assert cluster.home not in directory.parents
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    cluster.down()
    directory.rmdir()
    cluster.up()
    assert Path(ask(cluster, "show unix_socket_directories").strip('"')) == directory
    cluster.down()
    directory.rmdir()


@pytest.mark.parametrize("name", ["with space", "it's", "comma,comma", "ünïcödé"])
def test_an_awkward_name_of_the_home(make_home: MakeHome, name: str) -> None:
    cluster = Cluster(make_home(name), settings=FAST, preload=[])
    cluster.up()
    assert ask(cluster, "select 1") == "1"
    cluster.down()


@pytest.mark.parametrize("name", ['a"quote', "$(id)", "`id`", "back\\slash", "new\nline"])
def test_a_name_that_a_shell_would_take_apart_is_refused(make_home: MakeHome, name: str) -> None:
    cluster = Cluster(make_home(name), settings=FAST, preload=[])
    with pytest.raises(ClusterError, match="character") as caught:
        cluster.up()
    assert "\n" not in caught.value.message
    assert not cluster.home.exists()


def test_the_server_is_not_root_and_everything_is_its_own(running: Cluster) -> None:
    uid = Path(f"/proc/{postmaster_pid(running)}").stat().st_uid
    assert uid != 0
    owners = {path.lstat().st_uid for path in (running.home, *running.home.rglob("*"))}
    assert owners == {uid}
    assert stat.S_IMODE(running.home.stat().st_mode) == 0o700


def test_it_is_not_in_the_session_of_the_caller(running: Cluster) -> None:
    # So that Ctrl-C or the end of a terminal does not reach it.
    assert os.getsid(postmaster_pid(running)) != os.getsid(0)


def test_another_user_is_told_whose_it_is(cluster: Cluster) -> None:
    cluster.up()
    if os.geteuid() == 0:
        os.seteuid(pwd.getpwnam("nobody").pw_uid)
    else:
        cluster.home.chmod(0)
    try:
        for command in (cluster.dsn_if_running, cluster.is_running, cluster.dsn, cluster.down):
            with pytest.raises(ClusterError, match="belongs to"):
                command()
        with pytest.raises(ClusterError):
            Cluster(cluster.home).up()
    finally:
        if os.getuid() == 0:
            os.seteuid(0)
        else:
            cluster.home.chmod(0o700)


# -- nothing else is touched -----------------------------------------------------------------------


def test_the_variables_of_the_caller_do_not_lead_elsewhere(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster.up()
    with psycopg.connect(cluster.dsn(), dbname="postgres", autocommit=True) as session:
        session.execute("drop database rollup")
    cluster.down()
    for name in ("PGDATA", "PGHOST", "PGPORT", "PGUSER", "PGDATABASE", "PGPASSFILE"):
        monkeypatch.setenv(name, "/nowhere")
    monkeypatch.setenv("PGOPTIONS", "-c default_transaction_read_only=on")
    monkeypatch.setenv("LC_ALL", "tlh_KX.UTF-8")
    assert cluster.up() is True
    assert cluster.down() is True


def test_nothing_is_made_among_the_clusters_of_the_system(cluster: Cluster) -> None:
    def listing() -> set[Path]:
        clusters = [Path(p).glob("*/*/*") for p in ("/etc/postgresql", "/var/lib/postgresql")]
        return set(Path("/var/run/postgresql").glob(".s.*")).union(*clusters)

    before = listing()
    cluster.up()
    assert listing() == before
    for file in ("data_directory", "config_file", "hba_file", "ident_file"):
        assert Path(ask(cluster, f"show {file}")).is_relative_to(cluster.data)


@pytest.mark.parametrize("entry", ["precious.txt", ".profile"])
def test_a_directory_with_other_things_is_refused(cluster: Cluster, entry: str) -> None:
    cluster.home.mkdir()
    (cluster.home / entry).write_text("mine")
    before = cluster.home.stat()
    with pytest.raises(ClusterError, match="not empty"):
        cluster.up()
    assert [p.name for p in cluster.home.iterdir()] == [entry]
    assert cluster.home.stat().st_uid == before.st_uid


def test_a_home_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ClusterError, match="cannot make") as caught:
        Cluster(tmp_path / "file" / "home").up()
    assert "\n" not in caught.value.message
    assert caught.value.hint is not None


# -- settings and what goes wrong with them --------------------------------------------------------


def test_a_failed_start_says_why_and_names_the_log(cluster: Cluster) -> None:
    cluster.settings = FAST | {"shared_buffers": "nonsense"}
    with pytest.raises(ClusterError) as caught:
        cluster.up()
    assert 'invalid value for parameter "shared_buffers"' in caught.value.message
    assert caught.value.hint is not None
    assert str(cluster.log) in caught.value.hint
    assert "shared_buffers" in cluster.log.read_text()
    cluster.settings = FAST
    assert cluster.up() is True


def test_settings_of_the_user_survive_the_next_start(cluster: Cluster) -> None:
    cluster.up()
    cluster.down()
    with (cluster.data / "postgresql.conf").open("a") as conf:
        conf.write("work_mem = '7MB'\n")
    cluster.up()
    assert ask(cluster, "show work_mem") == "7MB"
    assert ask(cluster, "show shared_buffers") == "16MB"


def test_what_is_installed_is_preloaded(running: Cluster) -> None:
    installed = [n for n in ("citus", "pg_cron") if find_binaries().has_library(n)]
    assert ask(running, "show shared_preload_libraries") == ",".join(installed)


def test_data_of_a_version_that_is_not_installed(cluster: Cluster) -> None:
    cluster.up()
    cluster.down()
    (cluster.data / "PG_VERSION").write_text("99\n")
    with pytest.raises(ClusterError, match="PostgreSQL 99") as caught:
        cluster.up()
    assert "postgresql-99" in (caught.value.hint or "")


# -- finding the server, finding the home ----------------------------------------------------------


def fake_server(bindir: Path, version: str) -> None:
    bindir.mkdir(parents=True)
    for name in ("initdb", "pg_ctl", "postgres"):
        program = bindir / name
        program.write_text(f"#!/bin/sh\necho '{name} (PostgreSQL) {version}'\n")
        program.chmod(0o755)


@pytest.fixture
def only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine whose only servers are those in the directory returned."""
    monkeypatch.delenv("ROLLUPCTL_PG_BINDIR", raising=False)
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.setattr(pgbinaries, "DEBIAN_VERSIONS", tmp_path)
    return tmp_path


def test_the_newest_server_is_used_unless_the_data_need_another(only: Path) -> None:
    for version in ("9.6", "15.4", "17.2", "16.1"):
        fake_server(only / version.split(".")[0] / "bin", version)
    (only / "18" / "bin").mkdir(parents=True)  # a client's package, without a server
    assert find_binaries().major == 17
    assert find_binaries(16).bindir == only / "16" / "bin"
    with pytest.raises(ClusterError, match=r"made by PostgreSQL 14.*9, 15, 16, 17"):
        find_binaries(14)


def test_no_server_says_what_to_install(only: Path) -> None:
    with pytest.raises(ClusterError, match="no PostgreSQL server") as caught:
        find_binaries()
    assert "apt-get install postgresql" in (caught.value.hint or "")


def test_a_server_that_is_too_old(only: Path) -> None:
    fake_server(only / "14" / "bin", "14.9")
    with pytest.raises(ClusterError, match=r"PostgreSQL 14 .* too old"):
        find_binaries()


def test_a_directory_named_for_the_server_is_the_only_one(
    only: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_server(only / "17" / "bin", "17.2")
    fake_server(only / "mine", "16.1")
    monkeypatch.setenv("ROLLUPCTL_PG_BINDIR", str(only / "mine"))
    assert find_binaries().major == 16
    monkeypatch.setenv("ROLLUPCTL_PG_BINDIR", str(only / "empty"))
    with pytest.raises(ClusterError, match="ROLLUPCTL_PG_BINDIR"):
        find_binaries()


@pytest.mark.parametrize(
    ("uid", "variables", "home"),
    [
        (0, {}, "/var/lib/rollupctl"),
        (0, {"ROLLUPCTL_HOME": "/srv/x"}, "/srv/x"),
        (1000, {}, "/home/u/.local/share/rollupctl"),
        (1000, {"XDG_DATA_HOME": "/data"}, "/data/rollupctl"),
        (1000, {"XDG_DATA_HOME": "/data", "ROLLUPCTL_HOME": "~/y"}, "/home/u/y"),
    ],
)
def test_where_the_cluster_is_by_default(
    monkeypatch: pytest.MonkeyPatch, uid: int, variables: dict[str, str], home: str
) -> None:
    for name in ("ROLLUPCTL_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", "/home/u")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(os, "geteuid", lambda: uid)
    assert Cluster.default().home == Path(home)
