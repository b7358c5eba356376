import subprocess
import sys
from pathlib import Path

import pytest

from core.niceness import lower

TELL = "; print(os.getpriority(os.PRIO_PROCESS, 0))"
# A session's own group: a process whose session is that in which the system started has none, and its file is empty.
TELL_BOTH = "; print(os.getpriority(os.PRIO_PROCESS, 0), *Path('/proc/self/autogroup').read_text().split()[-1:])"
GROUPS = Path("/proc/sys/kernel/sched_autogroup_enabled")
HAS_GROUPS = GROUPS.exists() and GROUPS.read_text().strip() == "1"


def told(work: str, tell: str) -> list[str]:
    """The niceness of a process that leads a session, or also of that session, behind some work."""
    program = [sys.executable, "-c", "import os; from pathlib import Path; from core.niceness import *; " + work + tell]
    return subprocess.run(program, capture_output=True, text=True, check=True, start_new_session=True).stdout.split()


def test_a_process_gives_way_and_does_not_come_back() -> None:
    assert told("give_way(5); give_way(7); give_way(3)", TELL) == ["7"]
    assert told("give_way(0); keep_giving_way()", TELL) == ["0"]


@pytest.mark.skipif(not HAS_GROUPS, reason="this system shares cores among processes alone")
def test_its_session_gives_way_too_and_so_does_that_of_a_process_that_it_starts() -> None:
    assert told("give_way(7)", TELL_BOTH) == ["7", "7"]
    assert told("os.nice(6); keep_giving_way()", TELL_BOTH) == ["6", "6"]
    assert told("os.nice(6)", TELL_BOTH) == ["6", "0"]
    assert told("keep_giving_way()", TELL_BOTH) == ["0", "0"]


@pytest.mark.parametrize(("before", "lowered", "niceness"), [(0, 19, "19"), (0, 0, "0"), (7, 3, "7")])
def test_a_child_is_lowered_but_never_raised(before: int, lowered: int, niceness: str) -> None:
    program = [sys.executable, "-c", f"import os; os.nice({before}); print(); input()" + TELL]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        child.stdout.readline()
        lower(child.pid, lowered)
        said, _ = child.communicate("\n")
    assert said.split() == [niceness]
    lower(child.pid, 19)  # that it is gone is no fault
