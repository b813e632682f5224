"""The comparison of viewers aims at the targets that were set, with the OHIF that is named, read from our server."""

import json

from benchmarks.plans import Row
from benchmarks.viewer.benchmarks import VIEWER
from benchmarks.viewer.chromium import is_frame
from benchmarks.viewer.ohif import CONFIGURATION, PACKAGE, VERSION, compress, configuration
from benchmarks.viewer.rows import AT_ONCE, COLD, SLOW, SLOWEST


def wanted(rows: tuple[Row, ...]) -> dict[str, tuple[float | None, float | None]]:
    return {row.name: (row.target and round(row.target, 3), row.limit) for row in rows if row.target or row.limit}


def test_reading_aims_at_the_targets_that_were_set() -> None:
    assert wanted(AT_ONCE) == {
        "first image": (2.0, 1.0),
        "all 555 frames decoded": (1.429, None),
        "longest task meanwhile": (None, 100.0),
        "scrolling 100 slices": (None, 30.0),
        "memory of the tab": (1.0, None),
        "three planes": (1.429, None),
        "memory with three planes": (1.0, None),
    }
    assert wanted(SLOW) == wanted(SLOWEST) == {"first image": (2.0, None)}
    assert wanted(COLD) == {"requests before the first frame": (None, 10.0), "what they load": (None, 1.4)}


def test_each_kind_of_network_has_a_benchmark() -> None:
    assert list(VIEWER) == ["viewer-load", "viewer-none", "viewer-4mbit", "viewer-750kbit"]


def test_the_lock_file_holds_the_ohif_that_is_named_and_nothing_else() -> None:
    packages = json.loads((PACKAGE / "package-lock.json").read_text())["packages"]
    assert {name: one["version"] for name, one in packages.items() if name} == {"node_modules/@ohif/app": VERSION}


def test_ohif_is_told_of_our_server_alone() -> None:
    told = json.loads(configuration("http://127.0.0.1:9/dicomweb").removeprefix("window.config = ").rstrip(";\n"))
    (source,) = told["dataSources"]
    assert {source["configuration"][name] for name in ("qidoRoot", "wadoRoot")} == {"http://127.0.0.1:9/dicomweb"}


def test_files_get_a_compressed_copy_beside_them_but_for_the_configuration(tmp_path) -> None:
    for name in ("app.js", "font.woff2", CONFIGURATION):
        (tmp_path / name).write_text("const a = 1;" * 100)
    compress(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [CONFIGURATION, "app.js", "app.js.gz", "font.woff2"]


def test_frames_alone_and_in_bundles_are_requests_of_the_image() -> None:
    series = "http://127.0.0.1/dicomweb/studies/1/series/2"
    assert is_frame(f"{series}/instances/3/frames/1")
    assert is_frame(f"{series}/frames")
    assert not is_frame(f"{series}/metadata")
