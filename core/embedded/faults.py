"""Why a start failed, in one sentence for the person at the terminal."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import ValidationError


class StartupError(Exception):
    """Ends a start. Its text is one sentence that says what is wrong and what to do."""


class PortTakenError(StartupError):
    """A server found its port in use: someone was faster between choosing and binding."""


def data_folder_fault(folder: Path, error: OSError) -> StartupError:
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return StartupError(f"The data folder {folder} is full: no space is left on its device.")
        case errno.EROFS:
            return StartupError(f"The data folder {folder} is on a read-only file system.")
        case errno.EACCES | errno.EPERM:
            return StartupError(f"The data folder {folder} is read-only for this user.")
        case errno.ENOTDIR | errno.EEXIST:
            return StartupError(f"The data folder {folder} is not a folder.")
    return StartupError(f"The data folder {folder} cannot be used: {error.strerror or error}.")


def no_space(folder: Path) -> StartupError:
    return data_folder_fault(folder, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))


@contextmanager
def data_folder_faults(folder: Path) -> Iterator[None]:
    """Raises StartupError for an OSError inside, taken to be about `folder`."""
    try:
        yield
    except OSError as error:
        raise data_folder_fault(folder, error) from error


def settings_fault(error: ValidationError) -> StartupError:
    parts = []
    for problem in error.errors(include_url=False, include_input=False):
        name = "_".join(str(part) for part in problem["loc"]).upper()
        message = problem["msg"].removeprefix("Value error, ")
        parts.append(f"HELIOGRAPH_{name}: {message}" if name else message)
    return StartupError("Bad settings: " + "; ".join(parts) + ".")
