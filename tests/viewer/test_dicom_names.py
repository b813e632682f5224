"""The names that the viewer's Info says are those of the dictionary that the DICOM Server reads by."""

import os
import subprocess
import sys

from tests.viewer.dicom_names import LIST

# In a process of its own: programs may add to pydicom's tables while they run.
PRINT_NAMES = 'from tests.viewer.dicom_names import dicom_names; print(dicom_names(), end="")'


def test_the_viewer_names_attributes_and_uids_as_pydicom_does() -> None:
    kept = LIST.read_text(encoding="utf-8")
    assert "00100010 Patient's Name\n" in kept
    assert "60xx3000 Overlay Data\n" in kept
    assert "1.2.840.10008.1.2.4.50 JPEG Baseline (Process 1)\n" in kept
    printed = subprocess.run(
        [sys.executable, "-c", PRINT_NAMES], check=True, capture_output=True, env={**os.environ, "PYTHONUTF8": "1"}
    )
    is_current = kept == printed.stdout.decode()
    assert is_current, "write the list again: python -m tests.viewer.dicom_names"
