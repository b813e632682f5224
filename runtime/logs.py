"""Structured logs: one JSON object a line on standard error, for operators and their collectors."""

import json
import logging
import re
from datetime import UTC, datetime
from typing import Any

# What every LogRecord has of its own; anything else was given as `extra`.
RECORD_FIELDS = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}
# Django gives the whole request, whose query may name a patient; the message has its path. Celery repeats in `data`
# what message and traceback say.
LEFT_OUT_FIELDS = frozenset({"request", "data"})
# What PostgreSQL says about an error beside its message quotes rows and parameters, which are patient data. It ends
# where the next part of it, or of the traceback, begins.
_QUOTED = re.compile(
    r"^(DETAIL|CONTEXT): .*?(?=^(?:DETAIL|HINT|CONTEXT|QUERY|LINE \d+)\b|^$|^Traceback|\Z)", re.MULTILINE | re.DOTALL
)
# The same in an exception written as `repr` does, as Celery names what ended a task.
_QUOTED_IN_REPR = re.compile(r"\\n(DETAIL|CONTEXT): .*")
# The fields of a line that `extra` may not replace.
LINE_FIELDS = frozenset({"time", "level", "logger", "service", "message", "exception"})


class JsonFormatter(logging.Formatter):
    """Writes a record as one line of JSON; line breaks in a message cannot forge a second line."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self.service = service

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, without the line break."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "service": self.service,
            "message": _without_rows(record.getMessage()),
        }
        for name, value in vars(record).items():
            if name not in RECORD_FIELDS | LEFT_OUT_FIELDS:
                line[f"extra_{name}" if name in LINE_FIELDS else name] = value
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        elif record.exc_text:
            line["exception"] = _without_rows(record.exc_text)
        return json.dumps(line, ensure_ascii=False, default=str, separators=(",", ":"))

    def formatException(self, ei: Any) -> str:  # noqa: N802 (the name of `logging`)
        """Return the traceback, without what the database quotes."""
        return _without_rows(super().formatException(ei))


class TextFormatter(logging.Formatter):
    """Writes a record for a person at a terminal, in UTC."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s: %(message)s")

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: ARG002, N802
        """Return the time of day, as `logging` asks for it."""
        return datetime.fromtimestamp(record.created, UTC).strftime("%H:%M:%S")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 (as above)
        """Return the line, without what the database quotes."""
        return _without_rows(super().formatMessage(record))

    def formatException(self, ei: Any) -> str:  # noqa: N802 (as above)
        """Return the traceback, without what the database quotes."""
        return _without_rows(super().formatException(ei))


def _without_rows(text: str) -> str:
    return _QUOTED_IN_REPR.sub(r"\\n\1: (left out)", _QUOTED.sub(r"\1: (left out)\n", text))


def logging_config(service: str, *, level: str = "INFO", plain: bool = False) -> dict[str, Any]:
    """Return a dictConfig for the process called `service`; `plain` writes lines for a person instead of JSON."""
    formatter: dict[str, Any] = {"()": TextFormatter} if plain else {"()": JsonFormatter, "service": service}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": formatter},
        "handlers": {
            "stderr": {"class": "logging.StreamHandler", "stream": "ext://sys.stderr", "formatter": "line"},
        },
        "root": {"level": level, "handlers": ["stderr"]},
        "loggers": {
            # Their own handlers write a second, unstructured line.
            "django": {"handlers": [], "level": level, "propagate": True},
            "django.server": {"handlers": [], "level": level, "propagate": True},
            # It writes the identifiers of C-FIND requests, which are patient data.
            "pynetdicom": {"level": "WARNING"},
            # A request a line at INFO is the web server's own access log.
            "urllib3": {"level": "WARNING"},
        },
    }
