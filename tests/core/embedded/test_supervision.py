import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest

from core import clock
from core.embedded import processes, supervision
from core.embedded.faults import StartupError
from core.embedded.processes import ProcessSpec
from core.embedded.supervision import Supervisor
from tests.core.embedded.waiting import until

STUBBORN = "import signal,time; signal.signal(signal.SIGTERM, signal.SIG_IGN); open('up','w'); time.sleep(60)"


class Scene:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.said: list[str] = []
        self.supervisor = Supervisor(self.said.append)

    def spec(self, name: str, code: str, **more: object) -> ProcessSpec:
        argv = (sys.executable, "-c", code)
        details: dict[str, object] = {
            "name": name,
            "argv": argv,
            "log": self.folder / f"{name}.log",
            "cwd": self.folder,
        }
        return ProcessSpec(**{**details, **more})  # type: ignore[arg-type]

    async def is_up(self) -> bool:
        return (self.folder / "up").exists()


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    made = Scene(tmp_path)
    await made.supervisor.open()
    yield made
    await made.supervisor.close()


async def test_what_dies_is_started_again_and_said_so(scene: Scene) -> None:
    spec = scene.spec("sleeper", "import time; open('up','w'); time.sleep(60)", ready=scene.is_up)
    await scene.supervisor.start(spec)
    first = scene.supervisor.pid("sleeper")
    os.kill(first, signal.SIGKILL)
    await until(lambda: len(scene.said) == 2)
    assert scene.said == ["sleeper died (signal 9); starting it again in 0.2 s", "sleeper is back"]
    second = scene.supervisor.pid("sleeper")
    assert second != first
    assert psutil.Process(second).ppid() == os.getpid()


async def test_the_wait_doubles_while_it_keeps_dying(scene: Scene) -> None:
    await scene.supervisor.launch(scene.spec("crasher", "raise SystemExit(3)"))
    await until(lambda: len(scene.said) == 3)
    assert scene.said == [f"crasher died (exit code 3); starting it again in {wait} s" for wait in (0.2, 0.4, 0.8)]
    assert scene.supervisor.deaths("crasher") == 3


async def test_a_start_that_fails_names_the_last_words(scene: Scene) -> None:
    spec = scene.spec("broken", "raise SystemExit('no such thing')", ready=scene.is_up)
    with pytest.raises(
        StartupError, match=r"^broken ended before it was ready \(no such thing\); see .*broken\.log\.$"
    ):
        await scene.supervisor.start(spec)
    assert scene.supervisor.names == []


async def test_a_start_that_takes_too_long_is_ended(scene: Scene) -> None:
    spec = scene.spec("slow", "import os,time; print(os.getpid(), flush=True); time.sleep(60)", ready=scene.is_up)
    with pytest.raises(StartupError, match=r"^slow was not ready in 1 s; see .*slow\.log\.$"):
        await scene.supervisor.start(spec, seconds=0.6)
    assert not psutil.pid_exists(int((scene.folder / "slow.log").read_text()))


async def test_a_program_that_is_missing_is_named(scene: Scene) -> None:
    spec = scene.spec("ghost", "", argv=("/nowhere/ghost",), ready=scene.is_up)
    with pytest.raises(StartupError, match="cannot start /nowhere/ghost: No such file or directory"):
        await scene.supervisor.start(spec)


async def test_what_ignores_the_signal_is_killed_in_time(scene: Scene) -> None:
    await scene.supervisor.start(scene.spec("stubborn", STUBBORN, ready=scene.is_up, grace=0.3))
    pid = scene.supervisor.pid("stubborn")
    began = clock.monotonic()
    await scene.supervisor.stop(["stubborn", "unknown"])
    assert 0.3 <= clock.monotonic() - began < 2
    assert not psutil.pid_exists(pid)
    assert scene.said == []


async def test_a_log_that_grows_is_begun_anew(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervision, "TRIM_SECONDS", 0.05)
    monkeypatch.setattr(processes, "LOG_LIMIT", 5000)
    talk = "import time\nfor n in range(100000): print(n, flush=True); time.sleep(0.0001)"
    supervisor = Supervisor(scene.said.append)
    await supervisor.open()
    await supervisor.launch(scene.spec("talker", talk))
    log = scene.folder / "talker.log"
    await until((scene.folder / "talker.log.1").exists)
    await until(lambda: 0 < log.stat().st_size < 5000)  # it goes on at the beginning, without a hole
    assert log.read_bytes()[:1].isdigit()
    await supervisor.close()


async def test_stopping_while_it_waits_to_start_again_leaves_nothing(scene: Scene) -> None:
    await scene.supervisor.launch(scene.spec("crasher", "raise SystemExit(1)"))
    await until(lambda: bool(scene.said))
    await scene.supervisor.stop(["crasher"])
    said = len(scene.said)
    await asyncio.sleep(0.5)
    assert scene.supervisor.names == []
    assert len(scene.said) == said
