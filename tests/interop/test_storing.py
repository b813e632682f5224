"""dcmtk as a modality: C-STORE in every transfer syntax that it can propose, with every way of proposing it."""

import subprocess
from pathlib import Path

import pydicom
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate

from tests.demonstration import Demonstration, Server, free_port, shared_data, wait_until
from tests.dicom_files import data_set_bytes
from tests.dicomserver.objects import small_ct
from tests.interop.dcmtk import dcmtk, tool_path
from tests.interop.files import write_again, write_file, write_slice

pytestmark = pytest.mark.timeout(120)

# Every option by which dcmtk's storescu proposes transfer syntaxes, and the one that it is for; of the option that is
# for several, the one of a file of the developers' set.
PICTURES = {
    "-x=": "1.2.840.10008.1.2.1",
    "-xe": "1.2.840.10008.1.2.1",
    "-xb": "1.2.840.10008.1.2.2",
    "-xi": "1.2.840.10008.1.2",
    "-xs": "1.2.840.10008.1.2.4.70",
    "-xy": "1.2.840.10008.1.2.4.50",
    "-xx": "1.2.840.10008.1.2.4.51",
    "-xv": "1.2.840.10008.1.2.4.90",
    "-xw": "1.2.840.10008.1.2.4.91",
    "-xt": "1.2.840.10008.1.2.4.80",
    "-xu": "1.2.840.10008.1.2.4.81",
    "-xr": "1.2.840.10008.1.2.5",
    "-xd": "1.2.840.10008.1.2.1.99",
}
VIDEOS = {
    "-xm": "1.2.840.10008.1.2.4.100",
    "-xh": "1.2.840.10008.1.2.4.101",
    "-xn": "1.2.840.10008.1.2.4.102",
    "-xl": "1.2.840.10008.1.2.4.103",
    "-x2": "1.2.840.10008.1.2.4.104",
    "-x3": "1.2.840.10008.1.2.4.105",
    "-xo": "1.2.840.10008.1.2.4.106",
    "-x4": "1.2.840.10008.1.2.4.107",
    "-x5": "1.2.840.10008.1.2.4.108",
}
UNCOMPRESSED = {"1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"}
VIDEO_PHOTOGRAPHIC = "1.2.840.10008.5.1.4.1.1.77.1.4.1"
PRIVATE_CLASS = "1.3.12.2.1107.5.9.1"


def test_every_option_to_propose_is_tried() -> None:
    words = dcmtk("storescu", "--help").stdout.split("proposed transmission transfer syntaxes")[1]
    offered = {
        line.split()[0] for line in words.split("\n  post-1993")[0].splitlines() if line.strip().startswith("-x")
    }
    assert offered == {*PICTURES, *VIDEOS}


def pictures_by_syntax() -> dict[str, Path]:
    """A picture of the developers' set in each transfer syntax that there is."""
    folder = shared_data("syntaxes")
    if folder is None:
        pytest.skip("../shared is absent, so there is no picture in all transfer syntaxes")
    found: dict[str, Path] = {}
    for path in sorted(folder.rglob("*.dcm")):
        syntax = pydicom.dcmread(path, stop_before_pixels=True, force=True).file_meta.get("TransferSyntaxUID")
        if syntax is not None:
            found.setdefault(str(syntax), path)
    return found


def video(syntax: str) -> Dataset:
    """A video whose stream nobody here decodes."""
    ds = small_ct(SOPClassUID=VIDEO_PHOTOGRAPHIC, Modality="XC", Rows=1080, Columns=1920, BitsAllocated=8, BitsStored=8)
    ds.HighBit, ds.SamplesPerPixel, ds.PhotometricInterpretation = 7, 3, "YBR_PARTIAL_420"
    ds.NumberOfFrames, ds.PlanarConfiguration, ds.CineRate = 25, 0, 25
    ds.PixelData = encapsulate([b"\0\0\1\xb3" + bytes(range(256)) * 400], has_bot=False)
    ds["PixelData"].VR = "OB"
    ds["PixelData"].is_undefined_length = True
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = syntax
    return ds


def target(server: Server, port: int | None = None) -> tuple[str, ...]:
    """Where and as whom a tool calls."""
    return ("-aec", server.ae_title, server.host, str(port or server.dicom_port))


def kept(server: Server, ds: Dataset) -> Path:
    """The file of an instance in the archive, where it lies soon after it was acknowledged."""

    def found() -> list[Path]:
        return [file for file in server.archived_files if file.stem == ds.SOPInstanceUID]

    wait_until(lambda: bool(found()), 30, "the instance lies in the archive")
    return found()[0]


def syntax_of(path: Path) -> str:
    return str(pydicom.dcmread(path, stop_before_pixels=True).file_meta.TransferSyntaxUID)


def seen_by_storescp(options: tuple[str, ...], path: Path, folder: Path) -> Path:
    """The file as dcmtk's own receiver gets it from dcmtk's sender, bit by bit."""
    folder.mkdir()
    port = str(free_port())
    receiver = subprocess.Popen([tool_path("storescp"), "--bit-preserving", "+xa", "-od", str(folder), port])
    try:
        wait_until(lambda: dcmtk("echoscu", "127.0.0.1", port).returncode == 0, 10, "storescp answers")
        assert dcmtk("storescu", *options, "127.0.0.1", port, str(path)).returncode == 0
    finally:
        receiver.terminate()
        receiver.wait(10)
    return next(folder.iterdir())


@pytest.mark.parametrize("option", sorted({**PICTURES, **VIDEOS}))
def test_storescu_sends_with_every_option_and_its_bytes_are_kept(
    demonstration: Demonstration, tmp_path: Path, option: str
) -> None:
    path = tmp_path / "sent.dcm"
    # Videos are of a class that dcmtk proposes only where it is required.
    options = (option,) if option in PICTURES else (option, "-R")
    if option in PICTURES:
        ds = write_again(pictures_by_syntax()[PICTURES[option]], path)
    else:
        write_file(path, ds := video(VIDEOS[option]))
    server = demonstration.server("B")
    result = dcmtk("storescu", *options, *target(server), str(path))
    assert result.returncode == 0, result.stderr
    file = kept(server, ds)
    assert syntax_of(file) == (PICTURES | VIDEOS)[option]
    # dcmtk may write a data set anew on the way out: what counts is what it sent, and its own receiver saw that too.
    witness = seen_by_storescp(options, path, tmp_path / "witness")
    assert data_set_bytes(file) == data_set_bytes(witness)


def test_dcmsend_sends_what_it_knows_of_all_transfer_syntaxes(demonstration: Demonstration, tmp_path: Path) -> None:
    sent = {}
    for number, (syntax, source) in enumerate(sorted(pictures_by_syntax().items())):
        # Of a later edition of the standard than this dcmtk.
        if not syntax.startswith("1.2.840.10008.1.2.4.20"):
            sent[syntax] = write_again(source, tmp_path / f"{number}.dcm")
    server = demonstration.server("B")
    result = dcmtk("dcmsend", "-dn", "+sd", *target(server), str(tmp_path))
    assert result.returncode == 0, result.stderr
    files = {syntax: kept(server, ds) for syntax, ds in sent.items()}
    # What is not compressed it offers in several, its favourite first, which is then taken.
    expected = {syntax: "1.2.840.10008.1.2.1" if syntax in UNCOMPRESSED else syntax for syntax in sent}
    assert {syntax: syntax_of(file) for syntax, file in files.items()} == expected
    for syntax, ds in sent.items():
        got = pydicom.dcmread(files[syntax])
        if syntax in UNCOMPRESSED:
            assert (got.pixel_array == ds.pixel_array).all()
        else:
            assert got.PixelData == ds.PixelData
    assert len(sent) >= 14


def test_a_study_that_was_sent_stands_in_the_portal(demonstration: Demonstration, tmp_path: Path) -> None:
    server, path = demonstration.server("B"), tmp_path / "slice.dcm"
    ds = write_slice(path)
    assert dcmtk("storescu", *target(server), str(path)).returncode == 0
    radiologist = demonstration.person("radiologist", "B")
    wait_until(
        lambda: demonstration.instances_seen(radiologist, ds.StudyInstanceUID) == 1,
        30,
        "the study stands in the portal",
    )


@pytest.mark.parametrize(
    "options",
    [
        ("-R",),
        ("+C",),
        ("-R", "+C"),
        ("-pdu", "4096"),
        ("-pdu", "131072"),
        ("--max-send-pdu", "4096"),
        ("--max-send-pdu", "131072"),
        ("-usr", "somebody", "-pwd", "secret"),
    ],
)
def test_storescu_is_served_however_it_negotiates(
    demonstration: Demonstration, tmp_path: Path, options: tuple[str, ...]
) -> None:
    server, path = demonstration.server("B"), tmp_path / "slice.dcm"
    ds = write_slice(path, Rows=600, Columns=500, PixelData=bytes(range(250)) * 2400)
    result = dcmtk("storescu", *options, *target(server), str(path))
    assert result.returncode == 0, result.stderr
    assert data_set_bytes(kept(server, ds)) == data_set_bytes(path)


def test_storescu_that_aborts_leaves_what_was_acknowledged(demonstration: Demonstration, tmp_path: Path) -> None:
    server, path = demonstration.server("B"), tmp_path / "slice.dcm"
    ds = write_slice(path)
    dcmtk("storescu", "--abort", *target(server), str(path))
    assert data_set_bytes(kept(server, ds)) == data_set_bytes(path)


def test_an_unknown_storage_class_is_stored_where_the_operator_named_it(
    demonstration: Demonstration, tmp_path: Path
) -> None:
    server, path = demonstration.server("B"), tmp_path / "private.dcm"
    ds = write_slice(path, SOPClassUID=PRIVATE_CLASS)
    refused = dcmtk("dcmsend", "-v", *target(server), str(path))
    assert "no acceptable presentation contexts" in (refused.stdout + refused.stderr).lower()
    with demonstration.another_scp(server, tmp_path, ADDITIONAL_STORAGE_SOP_CLASSES=PRIVATE_CLASS) as port:
        result = dcmtk("dcmsend", *target(server, port), str(path))
        assert result.returncode == 0, result.stderr
    assert data_set_bytes(kept(server, ds)) == data_set_bytes(path)
