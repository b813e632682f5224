"""Tests of the log lines."""

import json
import logging
import logging.config
import subprocess
import sys
from typing import Any

from runtime.logs import JsonFormatter, TextFormatter, logging_config
from tests.runtime.conftest import PROJECT_ROOT


def record(message: str = "stored", *arguments: object, **extra: object) -> logging.LogRecord:
    made = logging.getLogger("dicomserver.ingest").makeRecord(
        "dicomserver.ingest", logging.INFO, "ingest.py", 1, message, arguments, None, extra=extra
    )
    made.created = 1763700000.5
    return made


def line_of(made: logging.LogRecord) -> dict[str, Any]:
    text = JsonFormatter("dicomserver-scp").format(made)
    assert "\n" not in text
    parsed: dict[str, Any] = json.loads(text)
    return parsed


def test_a_line_says_when_what_and_who() -> None:
    assert line_of(record("stored %d instances", 3, study_instance_uid="1.2.3")) == {
        "time": "2025-11-21T04:40:00.500+00:00",
        "level": "info",
        "logger": "dicomserver.ingest",
        "service": "dicomserver-scp",
        "message": "stored 3 instances",
        "study_instance_uid": "1.2.3",
    }


def test_a_message_cannot_forge_a_second_line() -> None:
    assert line_of(record('name\n{"level": "error"}'))["message"] == 'name\n{"level": "error"}'


def test_an_extra_field_cannot_replace_a_field_of_the_line() -> None:
    line = line_of(record(service="forged", level="forged", time="forged"))
    assert line["service"] == "dicomserver-scp"
    assert line["level"] == "info"
    assert line["extra_service"] == line["extra_level"] == line["extra_time"] == "forged"


def test_a_request_is_left_out_as_its_query_may_name_a_patient() -> None:
    assert "request" not in line_of(record(request="GET /?q=Doe"))


def test_what_json_does_not_know_is_written_as_text() -> None:
    assert line_of(record(path=PROJECT_ROOT))["path"] == str(PROJECT_ROOT)


def test_an_exception_is_part_of_its_line() -> None:
    made = record()
    try:
        raise ValueError("no such study")
    except ValueError:
        made.exc_info = sys.exc_info()
    assert line_of(made)["exception"].endswith("ValueError: no such study")


def test_a_line_for_a_person_is_short_and_in_utc() -> None:
    assert TextFormatter().format(record()) == "04:40:00 INFO    dicomserver.ingest: stored"


def test_the_configuration_writes_json_lines_to_standard_error_only() -> None:
    code = (
        "import logging, logging.config; from runtime.logs import logging_config\n"
        "logging.config.dictConfig(logging_config('portal'))\n"
        "logging.getLogger('django.server').info('served')\n"
        "logging.getLogger('pynetdicom').info('PatientName: Doe^Jane')\n"
        "logging.getLogger('portal').debug('too small')\n"
    )
    result = subprocess.run([sys.executable, "-c", code], cwd=PROJECT_ROOT, capture_output=True, text=True, check=True)
    assert result.stdout == ""
    lines = [json.loads(line) for line in result.stderr.splitlines()]
    assert [(line["logger"], line["service"], line["message"]) for line in lines] == [
        ("django.server", "portal", "served")
    ]


def test_a_level_and_plain_lines_can_be_asked_for() -> None:
    config = logging_config("portal", level="DEBUG", plain=True)
    assert config["root"] == {"level": "DEBUG", "handlers": ["stderr"]}
    assert config["formatters"] == {"line": {"()": TextFormatter}}


def test_a_failure_of_the_database_is_told_without_the_row() -> None:
    told = (
        'new row violates check constraint "positive"\n'
        "DETAIL:  Failing row contains (1, Munteanu^Elena,\n 2004567890123).\n"
        "CONTEXT:  unnamed portal parameter $1 = 'Munteanu^Elena'"
    )
    try:
        try:
            raise ValueError(told)
        except ValueError as error:
            raise RuntimeError(str(error)) from error
    except RuntimeError:
        made = record()
        made.exc_info = sys.exc_info()
    for formatter in (JsonFormatter("portal"), TextFormatter()):
        text = formatter.format(made)
        assert "Munteanu" not in text
        assert "2004567890123" not in text
        assert text.count("violates check constraint") == 2
        assert text.count("DETAIL: (left out)") == 2
        assert "direct cause" in text
        assert "RuntimeError" in text


def test_a_failed_task_is_told_without_the_row() -> None:
    failure = ValueError("not null\nDETAIL:  Failing row contains (Munteanu^Elena).")
    made = record("Task take_in raised unexpected: %(exc)s", {"exc": repr(failure)}, data={"args": "Munteanu"})
    for formatter in (JsonFormatter("portal"), TextFormatter()):
        assert "Munteanu" not in formatter.format(made)
    assert line_of(made)["message"] == "Task take_in raised unexpected: ValueError('not null\\nDETAIL: (left out)"
