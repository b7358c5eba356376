import json
import os
import subprocess
import sys
from typing import Any

import pytest

from core.settings import ROOT

SCRIPT = """
import logging, structlog
from core.logging import configure_logging
from core.settings import Settings
configure_logging(Settings())
log = structlog.get_logger("test")
log.debug("too low")
with structlog.contextvars.bound_contextvars(correlation_id="abc-123"):
    log.info("ours", count=3, odd=object)
    logging.getLogger("uvicorn.error").warning("theirs %s", 1)
logging.getLogger("botocore").info("chatter")
def sign_in(password):
    raise ValueError("no")
try:
    sign_in("correct horse")
except ValueError:
    log.exception("failed")
"""


def printed(**settings: str) -> str:
    variables = {**os.environ, **{f"HELIOGRAPH_{name}": value for name, value in settings.items()}}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True, cwd=ROOT, env=variables
    )
    assert done.stdout == ""
    return done.stderr


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.parametrize("log_format", ["json", "auto"])
def test_a_line_is_json_with_the_correlation_id(log_format: str) -> None:
    ours, theirs, failed = lines(printed(LOG_FORMAT=log_format))
    assert ours.pop("timestamp").endswith("Z")
    assert ours == {
        "event": "ours",
        "level": "info",
        "correlation_id": "abc-123",
        "count": 3,
        "odd": "<class 'object'>",
    }
    del theirs["timestamp"]
    assert theirs == {
        "event": "theirs 1",
        "level": "warning",
        "correlation_id": "abc-123",
        "logger": "uvicorn.error",
    }
    assert "correlation_id" not in failed
    (fault,) = failed["exception"]
    assert (fault["exc_type"], fault["exc_value"]) == ("ValueError", "no")
    assert [frame["name"] for frame in fault["frames"]] == ["<module>", "sign_in"]


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_a_traceback_shows_no_arguments(log_format: str) -> None:
    text = printed(LOG_FORMAT=log_format)
    assert "sign_in" in text
    assert "correct horse" not in text


def test_a_person_reads_lines() -> None:
    text = printed(LOG_FORMAT="console")
    assert "[info     ] ours" in text
    assert "correlation_id=abc-123" in text


def test_the_level_is_a_setting() -> None:
    assert [line["event"] for line in lines(printed(LOG_FORMAT="json", LOG_LEVEL="ERROR"))] == ["failed"]
    assert lines(printed(LOG_FORMAT="json", LOG_LEVEL="DEBUG"))[0]["event"] == "too low"
