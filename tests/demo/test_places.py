"""Ports and files of a demonstration are where DESIGN.md and operators expect them."""

import socket
from pathlib import Path

import pytest

from demo.__main__ import main
from demo.databases import Stores
from demo.identity_providers import newcomer_password
from demo.places import Places, PortTaken, check_ports
from demo.programs import all_programs
from demo.readiness import ready_content
from demo.state_files import mark_not_ready, read_json, write_json
from demo.table import sign_in_table

PLACES = Places(Path("/somewhere/var"), 8000)


def free_base() -> int:
    """A base whose first port was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1]) if probe.getsockname()[1] < 60000 else 41000


def test_ports_follow_from_the_base() -> None:
    assert PLACES.portal_url == "http://127.0.0.1:8000"
    assert [server.dicomweb_url for server in PLACES.servers] == [
        "http://127.0.0.1:8001/dicomweb",
        "http://127.0.0.1:8002/dicomweb",
    ]
    assert [server.dicom_port for server in PLACES.servers] == [8012, 8013]
    assert [provider.issuer for provider in PLACES.providers] == ["http://127.0.0.1:8021", "http://127.0.0.1:8022"]
    assert PLACES.ports == (8000, 8001, 8002, 8012, 8013, 8021, 8022)
    assert PLACES.demo_file == Path("/somewhere/var/demo.json")


def test_environment_names_folder_and_ports(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DEMO_DIR", str(tmp_path))
    monkeypatch.setenv("DEMO_PORT_BASE", "9100")
    assert Places.of_environment() == Places(tmp_path, 9100)


def test_phantoms_are_drawn_where_the_environment_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("DEMO_PHANTOMS_DIR", raising=False)
    assert PLACES.phantoms_directory == Path("/somewhere/var/phantoms")
    monkeypatch.setenv("DEMO_PHANTOMS_DIR", str(tmp_path))
    assert PLACES.phantoms_directory == tmp_path


def test_taken_port_is_told_in_one_sentence_and_nothing_starts(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen(1)
        port = taken.getsockname()[1]
        with pytest.raises(PortTaken):
            check_ports(Places(tmp_path, port - 12))
        monkeypatch.setenv("DEMO_DIR", str(tmp_path / "demo"))
        monkeypatch.setenv("DEMO_PORT_BASE", str(port - 12))
        assert main([]) == 1
    error = capsys.readouterr().err
    assert error.startswith(f"Port {port} is taken by another program: stop it, or choose other ports")
    assert error.count("\n") == 1
    assert sorted(path.name for path in (tmp_path / "demo").iterdir()) == ["demo.lock"]


def test_wrong_port_base_is_told_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DEMO_PORT_BASE", "many")
    assert main([]) == 1
    assert capsys.readouterr().err == "The environment variable DEMO_PORT_BASE must be a whole number, and is 'many'.\n"


def stores() -> Stores:
    """Stores of an operator."""
    owners = ("portal", "server-a", "server-b")
    return Stores(
        {owner: f"postgresql://db/{owner}" for owner in owners},
        dict.fromkeys(owners, "redis://r/0"),
        (),
        ("db:1",),
    )


def test_each_server_has_its_five_processes_and_a_database_of_its_own() -> None:
    programs = {program.name: program for program in all_programs(PLACES, stores())}
    for name, title, port in (("server-a", "NISTRU", "8012"), ("server-b", "CODRU", "8013")):
        for process in ("scp", "web", "worker", "transfers", "beat"):
            environment = programs[f"{name}-{process}"].environment
            assert environment["DATABASE_URL"] == f"postgresql://db/{name}"
            assert environment["DICOM_SERVER_HOME"] == f"/somewhere/var/{name}"
            assert (environment["DICOM_AE_TITLE"], environment["DICOM_PORT"]) == (title, port)
            assert environment["PORTAL_ORIGIN"] == "http://127.0.0.1:8000,http://localhost:8000"
    assert programs["portal-web"].environment["DATABASE_URL"] == "postgresql://db/portal"
    assert programs["readiness"].priority == max(program.priority for program in programs.values())


def test_embedded_servers_are_programs_only_where_none_were_named() -> None:
    assert {"postgres", "redis"}.isdisjoint(program.name for program in all_programs(PLACES, stores()))


def test_table_names_everybody_who_can_sign_in(tmp_path: Path) -> None:
    places = Places(tmp_path, 8000)
    people = [
        {
            "institution": "A",
            "role": "referring_doctor",
            "username": "mihai.botnari",
            "password": "p1",
            "api_token": "t",
        }
    ]
    table = sign_in_table(places, people)
    assert "A  referring doctor  Dr. Mihai Botnari  mihai.botnari  p1" in table
    assert "Demo national identity provider (http://127.0.0.1:8021)" in table
    username, password = newcomer_password(places)
    assert f"{username}, password {password}, has no account here" in table
    assert "C-STORE to NISTRU@127.0.0.1:8012, DICOMweb http://127.0.0.1:8001/dicomweb" in table


def test_state_files_are_for_their_owner_only(tmp_path: Path) -> None:
    write_json(tmp_path / "people.json", [{"password": "secret"}])
    assert (tmp_path / "people.json").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["people.json"]


def test_stopped_demonstration_is_not_ready_whatever_the_file_said(tmp_path: Path) -> None:
    demo_file = tmp_path / "demo.json"
    write_json(demo_file, {"portal": {"url": "u"}, "servers": [1], "people": [2], "ready": True})
    mark_not_ready(demo_file)
    assert read_json(demo_file) == {"portal": {"url": "u"}, "servers": [1], "people": [2], "ready": False}


@pytest.mark.parametrize("left", ["", "{", "[]", None])
def test_missing_or_broken_demo_file_is_made_anew(tmp_path: Path, left: str | None) -> None:
    demo_file = tmp_path / "demo.json"
    if left is not None:
        demo_file.write_text(left)
    mark_not_ready(demo_file)
    assert read_json(demo_file) == {"portal": {"url": ""}, "servers": [], "people": [], "ready": False}


def test_nothing_is_ready_before_the_studies_are_in_the_portal(tmp_path: Path) -> None:
    assert ready_content(Places(tmp_path, free_base())) is None


def test_nothing_is_ready_while_an_address_does_not_answer(tmp_path: Path) -> None:
    places = Places(tmp_path, free_base())
    write_json(places.content_file, {"portal": {}})
    assert ready_content(places) is None
