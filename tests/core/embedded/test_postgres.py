import os
import signal
import stat
from pathlib import Path

import asyncpg
import psutil
import pytest

from core.embedded.accounts import server_account
from core.embedded.faults import StartupError
from core.embedded.postgres_binaries import find_postgres
from core.embedded.stack import Stack
from tests.core.embedded.waiting import until

EXPECTED = {
    "wal_level": "logical",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "jit": "off",
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "password_encryption": "scram-sha-256",
    "server_encoding": "UTF8",
    "data_checksums": "on",
    "TimeZone": "UTC",
}


async def test_both_nodes_are_set_up_as_they_must_be(own_stack: Stack) -> None:
    assert len(own_stack.settings.database_urls) == 2
    systems = set()
    for url in own_stack.settings.database_urls:
        connection = await asyncpg.connect(url)
        found = {name: await connection.fetchval("SELECT current_setting($1)", name) for name in EXPECTED}
        assert found == EXPECTED
        assert await connection.fetchval("SELECT current_database()") == "heliograph"
        collation = "SELECT datcollate || ' ' || datctype FROM pg_database WHERE datname = 'heliograph'"
        assert await connection.fetchval(collation) == "C C"
        systems.add(await connection.fetchval("SELECT system_identifier FROM pg_control_system()"))
        await connection.close()
    assert len(systems) == 2


async def test_a_wrong_password_is_refused(own_stack: Stack) -> None:
    host = own_stack.settings.database_urls[0].rpartition("@")[2]
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(f"postgresql://heliograph:wrong@{host}")


async def test_a_killed_node_is_back_with_what_was_committed(own_stack: Stack, reports: list[str]) -> None:
    url = own_stack.settings.database_urls[1]
    connection = await asyncpg.connect(url)
    await connection.execute("CREATE TABLE kept (n int)")
    await connection.execute("INSERT INTO kept SELECT generate_series(1, 1000)")
    pid = own_stack.supervisor.pid("PostgreSQL node1")
    os.kill(pid, signal.SIGKILL)
    connection.terminate()
    await until(lambda: "PostgreSQL node1 is back" in reports, 20)
    assert own_stack.supervisor.pid("PostgreSQL node1") != pid
    connection = await asyncpg.connect(url)
    assert await connection.fetchval("SELECT count(*) FROM kept") == 1000
    await connection.execute("DROP TABLE kept")
    await connection.close()


def test_data_and_password_are_readable_by_the_server_alone(own_stack: Stack) -> None:
    root = own_stack.folder.path / "postgres"
    owner = psutil.Process(own_stack.supervisor.pid("PostgreSQL node0")).uids().effective
    assert owner != 0
    assert sorted(path.name for path in root.iterdir()) == ["node0", "node1"]
    for path in (root, *root.iterdir()):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
        assert path.stat().st_uid == owner
    for node in range(2):
        command = " ".join(psutil.Process(own_stack.supervisor.pid(f"PostgreSQL node{node}")).cmdline())
        assert own_stack.folder.secret("postgres") not in command


def test_data_of_another_major_version_is_refused(tmp_path: Path) -> None:
    (tmp_path / "node0").mkdir()
    (tmp_path / "node0" / "PG_VERSION").write_text("99\n")
    with pytest.raises(StartupError, match=r"was written by PostgreSQL 99; this machine has \d+"):
        find_postgres(None, tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root starts it as another user")
def test_an_ordinary_user_runs_it_as_oneself(tmp_path: Path) -> None:
    assert server_account(tmp_path) is None
