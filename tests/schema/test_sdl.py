"""The committed schema is what the server prints."""

from pathlib import Path

import pytest
import typer

from commands.sdl import keep
from core.settings import ROOT
from resolvers.root import build_schema


def test_the_committed_schema_is_what_the_server_prints() -> None:
    assert (ROOT / "schema.graphql").read_text() == build_schema().as_str() + "\n"


def test_a_difference_fails_and_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    committed = tmp_path / "schema.graphql"
    committed.write_text("type Query {\n  a: Int\n}\n")
    with pytest.raises(typer.Exit) as refused:
        keep("type Query {\n  a: Int!\n}\n", check=True, file=committed)
    assert refused.value.exit_code == 1
    assert "+  a: Int!" in capsys.readouterr().err
    keep("type Query {\n  a: Int!\n}\n", check=False, file=committed)
    keep("type Query {\n  a: Int!\n}\n", check=True, file=committed)
