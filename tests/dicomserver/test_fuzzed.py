"""Replays the inputs that fuzzing keeps: each broke something once, or reaches what few others reach."""

from collections.abc import Iterator

import pytest

from fuzz.fuzz_receive import laboratory
from fuzz.targets import TARGETS, Target
from tests.dicomserver.objects import PROJECT


@pytest.fixture
def target(request: pytest.FixtureRequest) -> Target:
    """The target of this name."""
    return TARGETS[request.param]


@pytest.fixture(autouse=True)
def laboratory_is_closed() -> Iterator[None]:
    """What the target of the receive loop keeps between inputs goes away with the test."""
    yield
    if laboratory.cache_info().currsize:
        laboratory().close()
        laboratory.cache_clear()


@pytest.mark.parametrize("target", sorted(TARGETS), indirect=True)
def test_no_kept_input_breaks_anything(target: Target, transactional_db: None) -> None:
    fuzz_one = target.load()
    kept = sorted(path for path in target.corpus.iterdir() if path.is_file())
    assert len(kept) >= 5
    broken = {}
    for path in kept:
        try:
            fuzz_one(path.read_bytes())
        except Exception as error:  # noqa: BLE001 - whatever it is, it is to be said
            broken[path.name] = f"{type(error).__name__}: {error}"
    assert broken == {}


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        ("stored", 1),
        ("stored-explicit", 1),
        ("stored-deflated", 1),
        ("two-stored-in-one-pdu", 2),
        ("echo-and-stored", 1),
    ],
)
def test_the_inputs_that_store_something_do(name: str, stored: int, transactional_db: None) -> None:
    fuzz_one = TARGETS["receive"].load()
    fuzz_one((TARGETS["receive"].corpus / f"seed-{name}").read_bytes())
    assert len(laboratory().recorder.seen.accepted) == stored


def test_every_target_has_a_corpus_and_every_corpus_a_target() -> None:
    folders = {path.name for path in (PROJECT / "fuzz" / "corpus").iterdir()}
    assert folders == set(TARGETS) == {"header", "multipart", "receive"}


def test_kept_inputs_are_small() -> None:
    sizes = {path.name: path.stat().st_size for path in (PROJECT / "fuzz" / "corpus").rglob("*") if path.is_file()}
    assert {name: size for name, size in sizes.items() if size > 8192} == {}
