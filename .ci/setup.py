"""Sets up what is missing: the project's own `.venv`, with what uv.lock names. Needs Python 3.11 alone.

uv is taken from PATH, else installed into `.venv`, never elsewhere. A second run finds its mark and does nothing.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
MARK = VENV / "set-up"
INPUTS = (ROOT / "uv.lock", ROOT / "pyproject.toml")


def works(python: Path) -> bool:
    """Also false for the link of an environment whose Python has gone."""
    try:
        return subprocess.run([python, "-c", ""], check=False, capture_output=True).returncode == 0
    except OSError:
        return False


def is_done() -> bool:
    newest = max(path.stat().st_mtime for path in INPUTS)
    return MARK.exists() and MARK.stat().st_mtime >= newest and works(VENV / "bin" / "python")


def locked_version(package: str) -> str:
    import tomllib  # only where the version was looked at

    lock = tomllib.loads((ROOT / "uv.lock").read_text())
    return next(entry["version"] for entry in lock["package"] if entry["name"] == package)


def run(*command: str | Path) -> bool:
    """Whether it succeeded. What it prints goes to the terminal."""
    return subprocess.run(command, cwd=ROOT, env=environment(), check=False).returncode == 0


def environment() -> dict[str, str]:
    """uv keeps its cache below the home folder; where there is none to write to, below .venv."""
    home = os.environ.get("HOME") or str(Path("~").expanduser())
    variables = {**os.environ, "UV_PROJECT_ENVIRONMENT": str(VENV), "VIRTUAL_ENV": str(VENV)}
    if not os.access(home, os.W_OK) and "UV_CACHE_DIR" not in variables:
        variables |= {"UV_CACHE_DIR": str(VENV / "cache"), "PIP_NO_CACHE_DIR": "1"}
    return variables


def sync(uv: str | Path) -> bool:
    python = VENV / "bin" / "python"
    chosen = python if works(python) else sys.executable
    return run(uv, "sync", "--frozen", "--no-python-downloads", "--python", chosen)


def own_uv() -> Path:
    """The project's uv, installed if it is not there; ends the program where it cannot be."""
    uv, python = VENV / "bin" / "uv", VENV / "bin" / "python"
    wanted = f"uv=={locked_version('uv')}"
    if not works(python):
        shutil.rmtree(VENV, ignore_errors=True)
        # Some systems ship Python without ensurepip; then its pip, if it has one, installs from outside.
        if run(sys.executable, "-m", "venv", VENV) is False:
            run(sys.executable, "-m", "venv", "--without-pip", "--clear", VENV)
    if uv.exists():
        return uv
    quietly = ("install", "--quiet", "--disable-pip-version-check", wanted)
    if run(python, "-m", "pip", *quietly) or run(sys.executable, "-m", "pip", "--python", python, *quietly):
        return uv
    sys.exit("uv could not be installed into .venv: it needs pip (or a uv on PATH) and a package registry.")


def main() -> None:
    if sys.version_info < (3, 11):  # noqa: UP036 - whatever Python there is runs this
        sys.exit("Heliograph needs Python 3.11 or later.")
    if is_done():
        return
    print("Setting up .venv (once)", file=sys.stderr, flush=True)
    on_path = shutil.which("uv")
    if not (on_path and sync(on_path)) and not sync(own_uv()):
        sys.exit("The packages named by uv.lock could not be installed into .venv; see above.")
    MARK.touch()


main()
