"""Structured logs: one JSON object a line on standard error, for operators and their collectors."""

import json
import logging
from datetime import UTC, datetime
from typing import Any

# What every LogRecord has of its own; anything else was given as `extra`.
RECORD_FIELDS = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}
# Django gives the whole request, whose query may name a patient; the message has its path.
LEFT_OUT_FIELDS = frozenset({"request"})
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
            "message": record.getMessage(),
        }
        for name, value in vars(record).items():
            if name not in RECORD_FIELDS | LEFT_OUT_FIELDS:
                line[f"extra_{name}" if name in LINE_FIELDS else name] = value
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        elif record.exc_text:
            line["exception"] = record.exc_text
        return json.dumps(line, ensure_ascii=False, default=str, separators=(",", ":"))


class TextFormatter(logging.Formatter):
    """Writes a record for a person at a terminal, in UTC."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s: %(message)s")

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: ARG002, N802
        """Return the time of day, as `logging` asks for it."""
        return datetime.fromtimestamp(record.created, UTC).strftime("%H:%M:%S")


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
