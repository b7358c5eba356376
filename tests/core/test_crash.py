import signal
import subprocess
import sys
from pathlib import Path

from core.settings import ROOT

PASSES = """
from core.crash import crash_point
for number in range(1, 6):
    print(number, flush=True)
    crash_point("relay.after_claim")
    crash_point("worker.before_done")
"""


def passages(data: Path, crash_at: str) -> tuple[int, list[str]]:
    """The exit code of a process that passes two points five times, and the passages that it began."""
    ended = subprocess.run(
        [sys.executable, "-c", PASSES],
        env={"HELIOGRAPH_DATA": str(data), "CRASH_AT": crash_at, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    return ended.returncode, ended.stdout.split()


def test_it_dies_at_the_named_passage_once(tmp_path: Path) -> None:
    assert passages(tmp_path, "relay.after_claim:3") == (-signal.SIGKILL, ["1", "2", "3"])
    assert passages(tmp_path, "relay.after_claim:3") == (0, ["1", "2", "3", "4", "5"])
    assert (tmp_path / "crashes" / "relay.after_claim:3").exists()


def test_each_of_several_points_kills_once(tmp_path: Path) -> None:
    both = "relay.after_claim:4,worker.before_done:2"
    assert passages(tmp_path, both) == (-signal.SIGKILL, ["1", "2"])
    assert passages(tmp_path, both) == (-signal.SIGKILL, ["1", "2", "3", "4"])
    assert passages(tmp_path, both) == (0, ["1", "2", "3", "4", "5"])


def test_without_a_number_the_first_passage_is_meant(tmp_path: Path) -> None:
    assert passages(tmp_path, "worker.before_done") == (-signal.SIGKILL, ["1"])


def test_nothing_happens_unless_a_test_asks_for_it(tmp_path: Path) -> None:
    assert passages(tmp_path, "") == (0, ["1", "2", "3", "4", "5"])
    assert passages(tmp_path, "some.other:1") == (0, ["1", "2", "3", "4", "5"])
    assert not (tmp_path / "crashes").exists()
