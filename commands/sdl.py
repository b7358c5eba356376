"""The schema as text: printed into schema.graphql, which is committed, and compared with it."""

import difflib
import sys
from pathlib import Path

import typer

from core.settings import ROOT

FILE = ROOT / "schema.graphql"
SHOWN_LINES = 40


def keep(printed: str, *, check: bool, file: Path = FILE) -> None:
    """Writes the file; with `check` only compares, and exits with 1 and the difference where they differ."""
    committed = file.read_text() if file.exists() else ""
    if committed == printed:
        return
    if not check:
        file.write_text(printed)
        print(f"{file.name}: {printed.count(chr(10))} lines")
        return
    difference = difflib.unified_diff(committed.splitlines(), printed.splitlines(), "committed", "printed", lineterm="")
    print(*list(difference)[:SHOWN_LINES], sep="\n", file=sys.stderr)
    print("schema.graphql is not what the server prints: run make sdl and commit it.", file=sys.stderr)
    raise typer.Exit(1)
