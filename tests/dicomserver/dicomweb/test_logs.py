"""What is logged of a request names no patient."""

import logging

import pytest

from runtime.logs import JsonFormatter
from tests.dicomserver.dicomweb.reading import WebReader, refused_events


def test_a_refused_search_is_logged_without_its_query(reader: WebReader, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, logger="django.request"):
        reader.get("/dicomweb/studies?PatientName=Popescu*&PatientID=P-1", token=None)
    lines = [JsonFormatter("dicomserver").format(record) for record in caplog.records]
    assert any("/dicomweb/studies" in line for line in lines)
    assert not [line for line in lines if "Popescu" in line or "P-1" in line]
    assert "Popescu" not in str(refused_events())
