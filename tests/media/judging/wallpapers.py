"""Photographs that have nothing to do with us: those of Debian's wallpaper packages."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from shutil import which

import numpy as np
import pytest
from PIL import Image, UnidentifiedImageError

PACKAGES = (
    "gnome-backgrounds",
    "lomiri-wallpapers-16.04",
    "lomiri-wallpapers-20.04",
    "mate-backgrounds",
    "plasma-workspace-wallpapers",
    "sway-backgrounds",
    "ukui-wallpapers",
    "xfdesktop4-data",
)
SMALLEST_FILE = 60_000
SAME = 8.0
"""Mean difference of two tiny pictures, of 255, below which they are one in two sizes or file formats."""
SHADES = re.compile(r"(-[dl]|_?[0-9]+x[0-9]+.*|-(Cold|Dark|Radioactive|Warm)-no-logo|-(blue|teal))$")
"""What tells a work's light and dark, and its recoloured, files from each other."""


def unpacked(folder: Path) -> Path:
    """Fetches the packages as apt does and unpacks them there; nothing is installed. Skips where that cannot be."""
    if not which("apt-get") or not which("dpkg"):
        pytest.skip("there is no apt-get to fetch Debian's wallpapers with")
    for package in PACKAGES:
        subprocess.run(["apt-get", "-q", "download", package], cwd=folder, check=False, capture_output=True)
    fetched = sorted(folder.glob("*.deb"))
    if not fetched:
        pytest.skip("Debian's wallpapers could not be fetched: apt-get update may help")
    for one in fetched:
        subprocess.run(["dpkg", "-x", one, folder / "root"], check=True)
    return folder / "root"


def different(root: Path, largest: int = 1600) -> list[Image.Image]:
    """One of each: the same work in another size, format, shade or colour is left out, as its name or a tiny picture of
    it tells."""
    tiny: list[np.ndarray[tuple[int, ...], np.dtype[np.float32]]] = []
    found = []
    for picture in _opened(root, largest):
        small = np.asarray(picture.resize((16, 16), Image.Resampling.BOX), np.float32)
        if all(np.abs(small - other).mean() >= SAME for other in tiny):
            tiny.append(small)
            found.append(picture)
    return found


def work_of(path: Path) -> str:
    """Files of one work lie in one folder, or have one name."""
    parts = path.parts
    return parts[parts.index("contents") - 1] if "contents" in parts else SHADES.sub("", path.stem)


def _opened(root: Path, largest: int) -> Iterator[Image.Image]:
    seen = set()
    for path in sorted(root.rglob("*")):
        if not path.is_file() or path.is_symlink() or path.stat().st_size < SMALLEST_FILE:
            continue
        try:
            with Image.open(path) as opened:
                picture = opened.convert("RGB")
        except (UnidentifiedImageError, OSError):
            continue
        if min(picture.size) >= 400 and work_of(path) not in seen:
            seen.add(work_of(path))
            picture.thumbnail((largest, largest))
            yield picture


def quarters(picture: Image.Image) -> list[Image.Image]:
    """Its four quarters, which have no pixel in common."""
    width, height = picture.size[0] // 2, picture.size[1] // 2
    return [picture.crop((left, top, left + width, top + height)) for top in (0, height) for left in (0, width)]
