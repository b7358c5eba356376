import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.embedded import datafolder
from core.embedded.datafolder import DataFolder
from core.embedded.faults import StartupError, data_folder_fault


async def test_it_is_private_and_keeps_its_secrets(tmp_path: Path) -> None:
    async with DataFolder(tmp_path / "d") as folder:
        first = folder.secret("a"), folder.secret("b"), folder.secret_key()
    async with DataFolder(tmp_path / "d") as folder:
        assert (folder.secret("a"), folder.secret("b"), folder.secret_key()) == first
    assert first[0] != first[1]
    assert len(first[2]) >= 32
    for name in ("secret_key", "secrets.json"):
        assert stat.S_IMODE((tmp_path / "d" / name).stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "d").stat().st_mode) == 0o700


async def test_only_one_holds_it(tmp_path: Path) -> None:
    async with DataFolder(tmp_path):
        with pytest.raises(StartupError, match=f"in use by process {os.getpid()}; stop it, or choose another"):
            async with DataFolder(tmp_path):
                pass
    async with DataFolder(tmp_path):
        pass


async def test_it_waits_for_the_servers_of_a_killed_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datafolder, "PATIENCE", 0.2)
    async with DataFolder(tmp_path) as folder:
        inherited = os.dup(folder.servers_lock)
    with pytest.raises(StartupError, match="still hold the data folder"):
        async with DataFolder(tmp_path):
            pass
    os.close(inherited)
    async with DataFolder(tmp_path):
        pass


@pytest.mark.parametrize("version", ["2", "999", "next"])
async def test_a_newer_layout_is_refused_and_left_alone(tmp_path: Path, version: str) -> None:
    (tmp_path / "version").write_text(version)
    with pytest.raises(StartupError, match=rf"made by a newer version of Heliograph \(layout {version}"):
        async with DataFolder(tmp_path):
            pass
    assert (tmp_path / "version").read_text() == version


async def test_a_folder_without_room_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datafolder, "ROOM_AT_FIRST", 1 << 60)
    with pytest.raises(StartupError, match=r"is full: \d+ MiB are free, 1099511627776 are needed\."):
        async with DataFolder(tmp_path):
            pass


async def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StartupError, match="is not a folder"):
        async with DataFolder(tmp_path / "file"):
            pass


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "is full: no space is left on its device."),
        (errno.EROFS, "is on a read-only file system."),
        (errno.EACCES, "is read-only for this user."),
        (errno.EIO, "cannot be used: Input/output error."),
    ],
)
def test_each_fault_has_its_sentence(number: int, words: str) -> None:
    fault = data_folder_fault(Path("/d"), OSError(number, os.strerror(number)))
    assert str(fault) == f"The data folder /d {words}"


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Path]:
    tmp_path.chmod(0o500)
    yield tmp_path
    tmp_path.chmod(0o700)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
async def test_a_read_only_folder_is_refused(read_only: Path) -> None:
    with pytest.raises(StartupError, match="is read-only for this user"):
        async with DataFolder(read_only):
            pass
