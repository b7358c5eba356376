"""`cli.py storage`, as those who run the house type it."""

import time

import pytest

from commands.storage import configured
from core.embedded.faults import StartupError
from core.settings import Settings
from media.bucket import Wanted
from tests.commands.cli import cells, cli


async def test_a_bucket_is_made_set_and_shown(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    bucket = f"cli-{time.time_ns()}"
    monkeypatch.setenv("HELIOGRAPH_S3_BUCKET", bucket)
    monkeypatch.setenv("HELIOGRAPH_UPLOAD_ORIGINS", "https://a.example,https://b.example")
    there = settings.model_copy(
        update={"s3_bucket": bucket, "upload_origins": ["https://a.example", "https://b.example"]}
    )
    missing = await cli(there, "storage", "show")
    assert (missing.returncode, missing.stdout) == (1, "")
    assert missing.stderr.startswith("The storage does not answer, or refuses: ")
    for arguments in (("configure", "--exports-days", "3", "--cold-after-days", "180"), ("show",)):
        done = await cli(there, "storage", *arguments)
        assert (done.returncode, done.stderr) == (0, "")
        assert bucket in done.stdout
        assert cells(done.stdout, "CORS")[1] == "POST, PUT from https://a.example, https://b.example"
        assert cells(done.stdout, "lifecycle", "exports/: expires after 3 days")
        assert cells(done.stdout, "lifecycle", "everything: unfinished uploads go after 2 days")
        if arguments[0] == "configure":
            assert cells(done.stdout, "colder storage")[1] == "this storage does not support it"


async def test_storage_that_is_away_is_one_sentence(settings: Settings) -> None:
    away = settings.model_copy(update={"s3_endpoint": "http://127.0.0.1:9"})
    with pytest.raises(StartupError, match="The storage does not answer"):
        await configured(away, Wanted([]))


@pytest.mark.parametrize("arguments", [("--unfinished-days", "0"), ("--cold-after-days", "1"), ("--cold-class", "ICE")])
async def test_days_and_classes_have_bounds(settings: Settings, arguments: tuple[str, str]) -> None:
    done = await cli(settings, "storage", "configure", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Invalid value" in done.stderr
