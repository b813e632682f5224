"""The disk's limit is measured with the same bytes."""

from pathlib import Path

from benchmarks.data import BenchmarkSet, StudyFiles
from benchmarks.disk import DiskLimit
from benchmarks.plans import Group


def test_every_file_is_written_whole(tmp_path: Path) -> None:
    studies = []
    for study in ("a", "b"):
        (tmp_path / study).mkdir()
        files = [tmp_path / study / f"{number}.dcm" for number in range(5)]
        for path in files:
            path.write_bytes(f"{study} {path.name}".encode() * 1000)
        studies.append(StudyFiles(study, (study,), tuple(files)))
    place = tmp_path / "copies"
    place.mkdir()
    values = DiskLimit(BenchmarkSet("some", tuple(studies)), {"four": 4}).measure(Group("four", ()), place)
    assert values["four"] > 0
    assert {path.name: path.read_bytes() for path in place.iterdir()} == {
        f"{study.study_instance_uid}-{path.name}": path.read_bytes() for study in studies for path in study.files
    }
