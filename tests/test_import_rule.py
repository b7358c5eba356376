"""The import rule holds, and a breach of it is noticed."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from core.settings import ROOT

ROOMS = [
    *("core", "models", "execution", "media", "services", "loaders", "schema", "resolvers"),
    *("workers", "routes", "commands"),
]
LINT = "import sys; sys.path.insert(0, ''); from importlinter.cli import lint_imports_command as lint; lint()"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the rooms, to plant things in."""
    copied = tmp_path_factory.mktemp("house")
    for room in ROOMS:
        shutil.copytree(ROOT / room, copied / room, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", copied)
    return copied


def lint(house: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", LINT], cwd=house, capture_output=True, text=True, check=False)


def test_the_rule_is_kept(house: Path) -> None:
    done = lint(house)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("room", "breach"),
    [
        ("core", "import models.ids"),
        ("services", "import strawberry"),
        ("services", "import loaders.context"),
        ("schema", "import resolvers.root"),
        ("models", "import media.keys"),
        ("loaders", "import boto3"),
        ("media", "import sqlalchemy"),
        ("routes", "import workers.relay"),
    ],
)
def test_a_planted_breach_fails(house: Path, room: str, breach: str) -> None:
    planted = house / room / "planted.py"
    planted.write_text(breach + "\n")
    try:
        done = lint(house)
    finally:
        planted.unlink()
    assert done.returncode == 1
    assert "BROKEN" in done.stdout
    assert f"{room}.planted" in done.stdout
