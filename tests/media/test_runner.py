"""Pictures in the sandbox: quick, and nothing that a picture or a killed process does reaches the worker."""

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import psutil
import pytest
from PIL import Image

from media.child import Child
from media.errors import MediaProcessingFailed, MediaRejected, RejectionReason
from media.pictures import Limits
from media.runner import ImageRunner, SandboxLimits

ROOT = Path(__file__).parents[2]
MB = 2**20


@pytest.fixture(scope="module")
async def runner() -> AsyncIterator[ImageRunner]:
    async with ImageRunner() as runner:
        yield runner


def child_of(runner: ImageRunner) -> Child:
    """The one that is free."""
    return runner._idle[-1]


def files_in(folder: Path) -> dict[str, int]:
    """Names and sizes."""
    return {path.name: path.stat().st_size for path in folder.iterdir()}


def proc(pid: int, name: str) -> str:
    return Path(f"/proc/{pid}/{name}").read_text()


def peak_rss(pid: int) -> int:
    """The most memory that a process ever held, in bytes."""
    lines = proc(pid, "status").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


async def test_a_photo_by_a_warm_process(
    runner: ImageRunner, phone_photo: Path, tmp_path: Path, limits: Limits
) -> None:
    pid = child_of(runner).pid
    seen: list[float] = []

    async def on_progress(share: float) -> None:
        seen.append(share)

    for _ in range(2):
        made = await runner.process_image(
            phone_photo, tmp_path, limits, declared_type="image/jpeg", on_progress=on_progress
        )
        assert (made.width, made.height, made.source.camera) == (3024, 4032, "Heliograph Phone 1")
        assert len(made.variants) == 15
        assert files_in(tmp_path) == {variant.path.name: variant.bytes for variant in made.variants}
    assert seen == [step / 16 for step in range(1, 17)] * 2
    assert child_of(runner).pid == pid


async def test_the_loop_goes_on_meanwhile(
    runner: ImageRunner, phone_photo: Path, tmp_path: Path, limits: Limits
) -> None:
    job = asyncio.create_task(runner.process_image(phone_photo, tmp_path, limits))
    turns = 0
    while not job.done():
        await asyncio.sleep(0.001)
        turns += 1
    assert len((await job).variants) == 15
    assert turns > 20


async def test_relative_paths(
    runner: ImageRunner, phone_photo: Path, tmp_path: Path, limits: Limits, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in.jpg").symlink_to(phone_photo)
    made = await runner.process_image(Path("in.jpg"), Path(), limits)
    assert made.variants[0].path == tmp_path / "150.jpg"
    assert len(files_in(tmp_path)) == 1 + 15


@pytest.fixture
def hostile(tmp_path: Path, blank_png: Callable[[int, int], bytes], samples: dict[str, bytes]) -> Callable[[str], Path]:
    makers: dict[str, Callable[[], bytes]] = {
        "bomb": lambda: blank_png(50_000, 50_000),
        "large": lambda: blank_png(10_000, 6_000),
        "text": lambda: b"Dear diary, today\n" * 1000,
        "truncated": lambda: samples["baseline.jpg"][:20_000],
        "wrong": lambda: samples["still.png"],
    }

    def make(name: str) -> Path:
        path = tmp_path / "upload.jpg"
        path.write_bytes(makers[name]())
        return path

    return make


@pytest.mark.parametrize(
    ("name", "declared_type", "reason"),
    [
        ("bomb", "image/png", RejectionReason.TOO_MANY_PIXELS),
        ("large", "image/png", RejectionReason.TOO_MANY_PIXELS),
        ("text", "image/jpeg", RejectionReason.NOT_A_PICTURE),
        ("truncated", "image/jpeg", RejectionReason.TRUNCATED),
        ("wrong", "image/jpeg", RejectionReason.WRONG_TYPE),
    ],
)
async def test_refusals_are_quick_and_cost_no_memory(
    *,
    tmp_path: Path,
    limits: Limits,
    hostile: Callable[[str], Path],
    name: str,
    declared_type: str,
    reason: RejectionReason,
) -> None:
    source, out_dir = hostile(name), tmp_path / "out"
    out_dir.mkdir()
    async with ImageRunner() as runner:
        child = child_of(runner)
        own, its = psutil.Process().memory_info().rss, psutil.Process(child.pid).memory_info().rss
        started = time.perf_counter()
        with pytest.raises(MediaRejected) as caught:
            await runner.process_image(source, out_dir, limits, declared_type=declared_type)
        assert time.perf_counter() - started < 2
        assert caught.value.reason is reason
        assert caught.value.message.startswith("This ")
        grown = psutil.Process().memory_info().rss - own + peak_rss(child.pid) - its
        assert grown < 150 * MB
        assert child_of(runner) is child
        assert child.is_alive
    assert files_in(out_dir) == {}


async def test_a_missing_file_is_our_fault(runner: ImageRunner, tmp_path: Path, limits: Limits) -> None:
    with pytest.raises(MediaProcessingFailed, match="FileNotFoundError"):
        await runner.process_image(tmp_path / "gone.jpg", tmp_path, limits)


@pytest.mark.parametrize(
    ("killer", "expected"),
    [
        (signal.SIGKILL, MediaProcessingFailed),
        (signal.SIGTERM, MediaProcessingFailed),
        (signal.SIGSEGV, MediaRejected),
        (signal.SIGABRT, MediaRejected),
    ],
)
async def test_a_process_that_dies_is_replaced(
    *,
    phone_photo: Path,
    tmp_path: Path,
    limits: Limits,
    killer: signal.Signals,
    expected: type[Exception],
) -> None:
    """By its own fault the picture is rejected; by somebody else's the job is to be tried again."""
    async with ImageRunner() as runner:
        first = child_of(runner)

        async def kill(_: float) -> None:
            os.kill(first.pid, killer)

        with pytest.raises(expected):
            await runner.process_image(phone_photo, tmp_path, limits, on_progress=kill)
        made = await runner.process_image(phone_photo, tmp_path, limits)
        assert len(made.variants) == 15
        assert child_of(runner).pid != first.pid


async def test_one_that_died_while_idle_is_replaced(phone_photo: Path, tmp_path: Path, limits: Limits) -> None:
    async with ImageRunner() as runner:
        os.kill(child_of(runner).pid, signal.SIGKILL)
        await asyncio.sleep(0.2)
        assert len((await runner.process_image(phone_photo, tmp_path, limits)).variants) == 15


async def test_one_that_hangs_is_killed(phone_photo: Path, tmp_path: Path, limits: Limits) -> None:
    async with ImageRunner(sandbox=SandboxLimits(wall_seconds=0.5)) as runner:
        pid = child_of(runner).pid
        os.kill(pid, signal.SIGSTOP)
        with pytest.raises(MediaProcessingFailed, match="within"):
            await runner.process_image(phone_photo, tmp_path, limits)
        assert not psutil.pid_exists(pid)


async def test_a_cancelled_job_leaves_nothing_behind(phone_photo: Path, tmp_path: Path, limits: Limits) -> None:
    async with ImageRunner() as runner:
        pid = child_of(runner).pid
        begun = asyncio.Event()

        async def on_progress(_: float) -> None:
            begun.set()

        job = asyncio.create_task(runner.process_image(phone_photo, tmp_path, limits, on_progress=on_progress))
        await begun.wait()
        job.cancel()
        with pytest.raises(asyncio.CancelledError):
            await job
        assert not psutil.pid_exists(pid)
        assert len((await runner.process_image(phone_photo, tmp_path, limits)).variants) == 15


async def test_more_memory_than_allowed(tmp_path: Path, limits: Limits) -> None:
    """A progressive JPEG is held as a whole while it is decoded: 150 MB for these 49 megapixels."""
    source = tmp_path / "large.jpg"
    Image.new("RGB", (7000, 7000), (90, 60, 200)).save(source, progressive=True)
    async with ImageRunner(sandbox=SandboxLimits(memory_bytes=300 * MB)) as runner:
        with pytest.raises(MediaRejected) as caught:
            await runner.process_image(source, tmp_path, limits)
        assert caught.value.reason is RejectionReason.TOO_COMPLEX
        assert caught.value.message == "This picture takes more work to open than a picture should."
    async with ImageRunner() as runner:
        child = child_of(runner)
        assert len((await runner.process_image(source, tmp_path, limits)).variants) == 12
        assert peak_rss(child.pid) < 400 * MB


async def test_more_cpu_time_than_allowed(tmp_path: Path, limits: Limits) -> None:
    source = tmp_path / "slow.jpg"  # takes well over a second, wherever the test runs
    noise = Image.effect_noise((7000, 7000), 80).convert("RGB")
    noise.save(source, quality=95, progressive=True, subsampling=0)
    roomy = Limits(source.stat().st_size, limits.max_pixels, limits.max_side)
    async with ImageRunner(sandbox=SandboxLimits(cpu_seconds=0)) as runner:
        with pytest.raises(MediaRejected) as caught:
            await runner.process_image(source, tmp_path, roomy)
        assert caught.value.reason is RejectionReason.TOO_COMPLEX


async def test_the_limit_of_cpu_time_is_each_pictures_own(phone_photo: Path, tmp_path: Path, limits: Limits) -> None:
    async with ImageRunner(sandbox=SandboxLimits(cpu_seconds=1)) as runner:
        process, seconds = psutil.Process(child_of(runner).pid), 0.0
        while seconds < 2:  # twice what each may take, in one life
            await runner.process_image(phone_photo, tmp_path, limits)
            times = process.cpu_times()
            seconds = times.user + times.system


async def test_a_process_ends_after_its_share_of_pictures(phone_photo: Path, tmp_path: Path, limits: Limits) -> None:
    async with ImageRunner(sandbox=SandboxLimits(jobs=2)) as runner:
        pids = []
        for _ in range(3):
            pids.append(child_of(runner).pid if runner._idle else 0)
            await runner.process_image(phone_photo, tmp_path, limits)
        assert pids[0] == pids[1]
        assert pids[2] == 0
        assert not psutil.pid_exists(pids[0])


async def test_two_at_once(phone_photo: Path, tmp_path: Path, limits: Limits) -> None:
    folders = [tmp_path / str(number) for number in range(5)]
    for folder in folders:
        folder.mkdir()
    async with ImageRunner(processes=2) as runner:
        made = await asyncio.gather(*(runner.process_image(phone_photo, folder, limits) for folder in folders))
        assert len(runner._idle) == 2
        pids = [child.pid for child in runner._idle]
    assert [len(one.variants) for one in made] == [15] * 5
    assert not [pid for pid in pids if psutil.pid_exists(pid)]


async def test_no_secret_is_within_its_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HELIOGRAPH_S3_SECRET_KEY", "the-secret-of-the-storage")
    async with ImageRunner() as runner:
        environment = proc(child_of(runner).pid, "environ")
        assert "VIPS_CONCURRENCY=1" in environment
        assert "HELIOGRAPH" not in environment
        assert f"Max address space         {1280 * MB}" in proc(child_of(runner).pid, "limits")


def test_it_dies_with_its_worker() -> None:
    program = (
        "import asyncio\n"
        "from media.runner import ImageRunner\n"
        "async def main():\n"
        "    async with ImageRunner() as runner:\n"
        "        print(runner._idle[0].pid, flush=True)\n"
        "        await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE) as worker:
        assert worker.stdout is not None
        pid = int(worker.stdout.readline())
        # Stopped, it cannot see that its input has ended: only the kernel can end it.
        os.kill(pid, signal.SIGSTOP)
        worker.kill()
    deadline = time.monotonic() + 2
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline
        time.sleep(0.02)


async def fuzz(rounds: int, samples: dict[str, bytes], tmp_path: Path, limits: Limits) -> dict[str, int]:
    """Files with bytes changed, taken out and doubled, one after the other through one runner."""
    chance = random.Random(5)
    outcomes: dict[str, int] = {}
    source = tmp_path / "fuzzed"
    async with ImageRunner() as runner:
        for turn in range(rounds):
            data = bytearray(samples[sorted(samples)[turn % len(samples)]])
            for _ in range(chance.choice((1, 3, 20))):
                at = chance.randrange(8, len(data) if chance.random() < 0.5 else 200)
                match chance.randrange(3):
                    case 0:
                        data[at] = chance.randrange(256)
                    case 1:
                        del data[at : at + chance.randrange(1, 50)]
                    case _:
                        data[at:at] = data[at : at + chance.randrange(1, 50)]
            source.write_bytes(data)
            try:
                await runner.process_image(source, tmp_path, limits, first_frame=True)
            except MediaRejected as rejected:
                outcomes[rejected.reason] = outcomes.get(rejected.reason, 0) + 1
            else:
                outcomes["READY"] = outcomes.get("READY", 0) + 1
        await runner.process_image(source.parent / "sound", tmp_path, limits)
    return outcomes


async def test_damaged_files_end_in_an_answer(samples: dict[str, bytes], tmp_path: Path, limits: Limits) -> None:
    (tmp_path / "sound").write_bytes(samples["still.png"])
    outcomes = await fuzz(36, samples, tmp_path, limits)
    assert sum(outcomes.values()) == 36
    assert set(outcomes) > {"READY", RejectionReason.DAMAGED}


@pytest.mark.drill
@pytest.mark.timeout(900)
async def test_two_thousand_damaged_files(samples: dict[str, bytes], tmp_path: Path, limits: Limits) -> None:
    (tmp_path / "sound").write_bytes(samples["still.png"])
    assert sum((await fuzz(2000, samples, tmp_path, limits)).values()) == 2000


@pytest.mark.parametrize("niceness", [0, 19])
async def test_a_process_that_is_to_let_others_go_first_does(niceness: int) -> None:
    usual = os.getpriority(os.PRIO_PROCESS, 0)
    async with ImageRunner(1, SandboxLimits(niceness=niceness)) as runner:
        pid = child_of(runner).pid
        assert os.getpriority(os.PRIO_PROCESS, pid) == max(usual, niceness)
        group = Path(f"/proc/{pid}/autogroup")
        if group.exists():
            assert group.read_text().split()[-2:] == ["nice", str(max(usual, niceness))]
