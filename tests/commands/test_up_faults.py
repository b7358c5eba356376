"""Each thing that keeps `cli.py up` from starting: one sentence, an exit code, nothing left running."""

import asyncio
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.embedded.datafolder import DataFolder
from core.settings import ROOT
from tests.commands.conftest import Start
from tests.commands.stacks import clean_environment, fail_up, users_of

pytestmark = pytest.mark.timeout(600)


def assert_one_sentence(result: tuple[int, str, str], pattern: str) -> None:
    code, out, error = result
    assert code == 1
    assert out == ""
    lines = error.strip().splitlines()
    assert re.fullmatch(pattern, lines[-1]), error
    # Before it only what was ready so far, with its seconds.
    assert all(re.match(r" *\d+\.\d s  ", line) for line in lines[:-1]), error


async def test_a_taken_port(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        result = await fail_up(f"--port={port}", f"--data={tmp_path}")
    assert_one_sentence(
        result, rf"Port {port} of 127\.0\.0\.1 is taken; stop what uses it, or choose another with --port\."
    )
    assert users_of(tmp_path) == []


async def test_an_unknown_host(tmp_path: Path) -> None:
    result = await fail_up("--host=no such host", f"--data={tmp_path}")
    assert_one_sentence(result, r"The host no such host of --host is not known\.")


async def test_a_data_folder_from_a_newer_version(tmp_path: Path) -> None:
    (tmp_path / "version").write_text("2\n")
    result = await fail_up("--port=0", f"--data={tmp_path}")
    assert_one_sentence(result, r"The data folder .* was made by a newer version of Heliograph \(layout 2, this .*")
    assert users_of(tmp_path) == []


async def test_a_data_folder_in_use(tmp_path: Path) -> None:
    async with DataFolder(tmp_path):
        result = await fail_up("--port=0", f"--data={tmp_path}")
    assert_one_sentence(result, rf"The data folder .* is in use by process {os.getpid()}; stop it, or .*")


async def test_bad_settings(tmp_path: Path) -> None:
    result = await fail_up(f"--data={tmp_path}", HELIOGRAPH_LOG_LEVEL="LOUD", HELIOGRAPH_LOGICAL_SHARDS="0")
    assert_one_sentence(result, r"Bad settings: HELIOGRAPH_LOGICAL_SHARDS: .*; HELIOGRAPH_LOG_LEVEL: .*\.")
    assert list(tmp_path.iterdir()) == []


async def test_production_without_a_secret_key(tmp_path: Path) -> None:
    result = await fail_up(f"--data={tmp_path}", HELIOGRAPH_ENV="production")
    assert_one_sentence(
        result, r"Bad settings: HELIOGRAPH_SECRET_KEY must be set to 32 characters or more in production\."
    )
    assert list(tmp_path.iterdir()) == []


async def test_a_database_that_does_not_answer(tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    url = f"postgresql://somebody@127.0.0.1:{port}/none"
    result = await fail_up("--port=0", f"--data={tmp_path}", HELIOGRAPH_DATABASE_URLS=url)
    assert_one_sentence(result, r"A database of HELIOGRAPH_DATABASE_URLS does not answer: .*")
    assert users_of(tmp_path) == []


HIDE = """
import sys, sysconfig
import cli
from core.embedded import postgres_binaries, valkey
postgres_binaries.find_spec = valkey.find_spec = lambda name: None
postgres_binaries.SYSTEM = ()
sysconfig.get_path = lambda name: "/nowhere"
sys.argv = ["cli.py", "up", "--port=0", "--no-demo", *sys.argv[1:]]
cli.main()
"""
ELSEWHERE = {
    "HELIOGRAPH_DATABASE_URLS": "postgresql://elsewhere",
    "HELIOGRAPH_REDIS_URL": "redis://elsewhere",
    "HELIOGRAPH_QUEUE_URL": "redis://elsewhere",
    "HELIOGRAPH_S3_ENDPOINT": "http://elsewhere",
}


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ("HELIOGRAPH_DATABASE_URLS", r"PostgreSQL 15 or later was not found: run `make setup`, or set \w+\."),
        ("HELIOGRAPH_QUEUE_URL", r"valkey-server was not found: run `make setup`, or set \w+ and \w+\."),
        ("HELIOGRAPH_S3_ENDPOINT", r"weed \(SeaweedFS\) was not found: run `make setup`, or set \w+\."),
    ],
)
def test_a_missing_binary(tmp_path: Path, wanted: str, words: str) -> None:
    """The packages are hidden from the search, and PATH is empty; only one server is to be embedded."""
    done = subprocess.run(
        [sys.executable, "-c", HIDE, f"--data={tmp_path}"],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={**clean_environment(PATH=""), **{name: url for name, url in ELSEWHERE.items() if name != wanted}},
    )
    assert_one_sentence((done.returncode, done.stdout, done.stderr), words)
    assert users_of(tmp_path) == []


@pytest.fixture
def disk_mib() -> int:
    return 64


@pytest.fixture
def small_disk(tmp_path: Path, disk_mib: int) -> Iterator[Path]:
    """A file system of so many MiB; only root may mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if os.geteuid() != 0 or not shutil.which("mount"):
        pytest.skip("mounting a file system takes root")
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={disk_mib}m", "tmpfs", folder], check=False)
    if mounted.returncode:
        pytest.skip("this root may not mount")
    yield folder
    subprocess.run(["umount", folder], check=True)


async def test_a_full_data_folder(small_disk: Path) -> None:
    result = await fail_up("--port=0", f"--data={small_disk / 'data'}")
    assert_one_sentence(result, r"The data folder .* is full: \d+ MiB are free, 256 are needed\.")
    assert users_of(small_disk) == []


@pytest.mark.parametrize(
    "disk_mib", [pytest.param(64, id="clusters"), pytest.param(80, id="databases"), pytest.param(84, id="migrations")]
)
async def test_a_data_folder_that_fills_up_during_the_start(small_disk: Path) -> None:
    (small_disk / "postgres").mkdir()  # so that it looks like one that was started before
    result = await fail_up("--port=0", f"--data={small_disk}")
    assert_one_sentence(result, r"The data folder .* is full: no space is left on its device\.")
    assert users_of(small_disk) == []


@pytest.fixture
def read_only_disk(small_disk: Path) -> Path:
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    return small_disk


async def test_a_read_only_data_folder(read_only_disk: Path) -> None:
    result = await fail_up("--port=0", f"--data={read_only_disk / 'data'}")
    assert_one_sentence(result, r"The data folder .* is on a read-only file system\.")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
async def test_a_data_folder_of_someone_else(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    result = await fail_up("--port=0", f"--data={tmp_path / 'data'}")
    tmp_path.chmod(0o700)
    assert_one_sentence(result, r"The data folder .* is read-only for this user\.")


async def test_a_process_of_ours_that_does_not_stay_up(tmp_path: Path) -> None:
    result = await fail_up("--port=0", f"--data={tmp_path / 'data'}", PYTHONPATH=str(broken(tmp_path)))
    assert_one_sentence(result, r"relay does not stay up \(.*planted\)\.")
    assert users_of(tmp_path) == []


def broken(tmp_path: Path) -> Path:
    """A folder for PYTHONPATH whose sitecustomize ends the relay as it begins."""
    folder = tmp_path / "broken"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text("import sys\nif 'workers.relay' in sys.orig_argv: sys.exit('planted')\n")
    return folder


async def test_two_stacks_beside_each_other(tmp_path: Path, start: Start) -> None:
    one, two = await asyncio.gather(start(tmp_path / "one"), start(tmp_path / "two"))
    assert one.url != two.url
    assert (await one.terminate())[0] == 0
    assert users_of(tmp_path / "one") == []
    assert two.process.returncode is None
    assert (await two.terminate())[0] == 0
    assert [*one.living(), *two.living()] == []
