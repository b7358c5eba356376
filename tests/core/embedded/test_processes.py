import asyncio
import os
import pwd
import signal
import sys
from pathlib import Path

import psutil
import pytest

from core.embedded import processes
from core.embedded.processes import tail, trim
from core.settings import ROOT
from tests.core.embedded.waiting import until

# A parent with a child that follows the parent-death signal, one that ignores it, and one that has a child itself.
PARENT = """
import asyncio, pathlib, sys
from core.embedded.processes import ProcessSpec
from core.embedded.supervision import Supervisor
IGNORE = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
NAP = "import time; time.sleep(60)"
NEST = "import subprocess, sys; subprocess.run([sys.executable, '-c', %r])" % (IGNORE + NAP)
async def main():
    supervisor = Supervisor(print)
    await supervisor.open()
    for name, code in {"follows": NAP, "ignores": IGNORE + NAP, "nests": NEST}.items():
        argv = (sys.executable, "-c", code)
        await supervisor.launch(ProcessSpec(name=name, argv=argv, log=pathlib.Path(f"{name}.log")))
    await asyncio.sleep(0.5)
    print("up", flush=True)
    await asyncio.sleep(60)
asyncio.run(main())
"""


async def test_nothing_outlives_a_killed_parent(tmp_path: Path) -> None:
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PARENT, cwd=tmp_path, stdout=asyncio.subprocess.PIPE, env={"PYTHONPATH": str(ROOT)}
    )
    assert parent.stdout is not None
    assert await parent.stdout.readline() == b"up\n"
    family = psutil.Process(parent.pid).children(recursive=True)
    assert len(family) == 5  # with the reaper
    parent.kill()
    await parent.wait()
    await until(lambda: not [child for child in family if is_alive(child)], 5.0)


def is_alive(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


async def test_a_child_of_a_dead_parent_does_not_begin(tmp_path: Path) -> None:
    launcher = [*processes.BARE_PYTHON, str(processes.HERE / "launch.py"), str(int(signal.SIGTERM))]
    nobody = 2**22 + 1  # beyond the largest process number
    child = await asyncio.create_subprocess_exec(
        *launcher, str(nobody), "-", "--", "/bin/sh", "-c", f"touch '{tmp_path}/ran'"
    )
    assert await child.wait() == 1
    assert not (tmp_path / "ran").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
async def test_the_launcher_gives_up_every_right() -> None:
    child = await asyncio.create_subprocess_exec(
        *processes.launcher(signal.SIGTERM, "nobody"),
        "/bin/sh",
        "-c",
        "id -u; id -g; id -G",
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await child.communicate()
    entry = pwd.getpwnam("nobody")
    assert out.decode().split() == [str(entry.pw_uid), str(entry.pw_gid), str(entry.pw_gid)]


def test_a_log_is_trimmed_and_its_end_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "LOG_LIMIT", 10)
    log = tmp_path / "a.log"
    log.write_text("0123456789")
    trim(log)
    assert log.read_text() == "0123456789"
    log.write_text("0123456789x")
    trim(log)
    assert log.read_text() == ""
    assert (tmp_path / "a.log.1").read_text() == "0123456789x"
    assert tail(tmp_path / "a.log.1", 3) == "89x"
    assert tail(tmp_path / "none") == ""
