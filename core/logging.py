"""Structured logs on standard error: JSON for machines, coloured lines for a person at a terminal.

Each line carries what is bound in structlog's context variables (`correlation_id`, `process`), also the lines of
libraries that use the standard library's logging. `structlog.get_logger()` anywhere; configure once a process.
"""

import logging
import sys
from typing import Any

import orjson
import structlog
from structlog.tracebacks import ExceptionDictTransformer
from structlog.typing import Processor

from core.settings import LogFormat, Settings

# Without local variables: they hold passwords and tokens.
_TRACEBACKS = structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False))
NOISY = ("asyncio", "botocore", "httpx", "urllib3", "arq.worker")


def _shared() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]


def _json(value: Any, **_: Any) -> bytes:
    return orjson.dumps(value, default=repr, option=orjson.OPT_NON_STR_KEYS)


def _json_line(value: Any, **_: Any) -> str:
    return _json(value).decode()


def _console() -> Processor:
    return structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback)


def _wants_json(settings: Settings) -> bool:
    if settings.log_format is LogFormat.AUTO:
        return not sys.stderr.isatty()
    return settings.log_format is LogFormat.JSON


def configure_logging(settings: Settings) -> None:
    """Raises nothing; an unknown level is refused when the settings are read."""
    level = logging.getLevelNamesMapping()[settings.log_level]
    as_json = _wants_json(settings)
    faults: list[Processor] = [_TRACEBACKS] if as_json else []
    ours: list[Processor]
    factory: structlog.BytesLoggerFactory | structlog.PrintLoggerFactory
    if as_json:
        ours = [*faults, structlog.processors.JSONRenderer(serializer=_json)]
        factory = structlog.BytesLoggerFactory(sys.stderr.buffer)
    else:
        ours = [_console()]
        factory = structlog.PrintLoggerFactory(sys.stderr)
    structlog.configure(
        processors=[*_shared(), *ours],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=factory,
        cache_logger_on_first_use=True,
    )
    _adopt_standard_logging(level, as_json=as_json, faults=faults)


def _adopt_standard_logging(level: int, *, as_json: bool, faults: list[Processor]) -> None:
    renderer: Processor = structlog.processors.JSONRenderer(serializer=_json_line) if as_json else _console()
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*_shared(), structlog.stdlib.add_logger_name],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *faults, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in NOISY:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
