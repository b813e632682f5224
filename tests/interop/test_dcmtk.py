"""dcmtk as a modality that asks whether the server is there, and as a reader of the archive's files."""

import pytest

from tests.demonstration import Demonstration
from tests.interop.dcmtk import dcmtk

pytestmark = pytest.mark.timeout(120)


def test_echoscu_is_answered(demonstration: Demonstration) -> None:
    server = demonstration.server("A")
    result = dcmtk("echoscu", "-aec", server.ae_title, server.host, str(server.dicom_port))
    assert result.returncode == 0, result.stderr


def test_wrong_called_ae_title_is_refused(demonstration: Demonstration) -> None:
    server = demonstration.server("A")
    result = dcmtk("echoscu", "-aec", "SOMEBODY", server.host, str(server.dicom_port))
    assert result.returncode != 0
    assert "Called AE Title Not Recognized" in result.stderr


def test_dcmtk_reads_what_the_archive_holds(demonstration: Demonstration) -> None:
    file = demonstration.server("A").archived_files[0]
    result = dcmtk("dcmdump", "-q", "+P", "SOPInstanceUID", str(file))
    assert result.returncode == 0, result.stderr
    assert file.stem in result.stdout
