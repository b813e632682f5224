"""Senders: machines that may store, made and removed by commands, their tokens kept as digests alone."""

import hashlib
import re
import time
from collections.abc import Callable
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from dicomserver.access import senders as senders_module
from dicomserver.access.models import Sender
from dicomserver.access.senders import SenderError, SenderList, add_sender, remove_sender

pytestmark = pytest.mark.django_db


def added(*arguments: str) -> str:
    """What `add_sender` prints for a script to take."""
    out = StringIO()
    call_command("add_sender", *arguments, stdout=out, stderr=StringIO())
    return out.getvalue()


def test_the_token_is_printed_once_and_kept_as_a_digest() -> None:
    printed = added("gateway", "--ae-title", "GATEWAY")
    assert re.fullmatch(r"stow_[A-Za-z0-9_-]{43}\n", printed)
    sender = Sender.objects.get()
    assert (sender.name, sender.ae_title, sender.disabled_at) == ("gateway", "GATEWAY", None)
    assert sender.token_sha256 == hashlib.sha256(printed.strip().encode()).hexdigest()
    assert printed.strip() not in str(Sender.objects.values().get())
    assert abs((timezone.now() - sender.created_at).total_seconds()) < 60


def test_each_sender_has_a_token_of_its_own() -> None:
    first, second = added("one").strip(), added("two").strip()
    known = SenderList()
    found = [known.find(token) for token in (first, second, "stow_other", "", f"{first} ")]
    assert [one.name if one else None for one in found] == ["one", "two", None, None, None]


@pytest.mark.parametrize("name", ["", " ", "-x", "x" * 65, "a\nb", "Gerät"])
def test_a_name_that_the_log_could_not_hold_is_refused(name: str) -> None:
    with pytest.raises(SenderError):
        add_sender(name)
    assert not Sender.objects.exists()


@pytest.mark.parametrize("ae_title", ["x" * 17, " A", "A ", "A\\B", "Ä", "A\n"])
def test_an_ae_title_that_is_none_is_refused(ae_title: str) -> None:
    with pytest.raises(CommandError):
        added("gateway", "--ae-title", ae_title)
    assert not Sender.objects.exists()


def test_a_name_that_is_in_use_keeps_its_token() -> None:
    token = add_sender("gateway")
    with pytest.raises(CommandError, match="already"):
        added("gateway")
    found = SenderList().find(token)
    assert found is not None
    assert found.name == "gateway"


def test_a_removed_sender_is_known_as_removed_and_may_get_another_token() -> None:
    old = add_sender("gateway", ae_title="OLD")
    out = StringIO()
    call_command("remove_sender", "gateway", stdout=out)
    assert out.getvalue() == "Refused within 2 seconds.\n"
    removed = SenderList().find(old)
    assert removed is not None
    assert removed.disabled_at is not None
    new = add_sender("gateway", ae_title="NEW")
    known = SenderList()
    again = known.find(new)
    assert again is not None
    assert (again.name, again.ae_title, again.disabled_at, known.find(old)) == ("gateway", "NEW", None, None)
    assert Sender.objects.count() == 1


@pytest.mark.parametrize("prepare", [lambda: None, lambda: (add_sender("gateway"), remove_sender("gateway"))])
def test_who_is_no_sender_cannot_be_removed(prepare: Callable[[], object]) -> None:
    prepare()
    with pytest.raises(CommandError, match="There is no sender 'gateway'"):
        call_command("remove_sender", "gateway")


def test_the_list_names_senders_and_shows_no_token() -> None:
    tokens = [add_sender("b"), add_sender("a", ae_title="AE")]
    remove_sender("b")
    out = StringIO()
    call_command("list_senders", stdout=out)
    lines = [line.split("\t") for line in out.getvalue().splitlines()]
    assert [line[:2] for line in lines] == [["a", "AE"], ["b", "-"]]
    assert lines[0][3] == "-"
    assert lines[1][3].startswith(f"{timezone.now():%Y-%m-}")
    assert not any(token in out.getvalue() for token in tokens)


def test_senders_are_known_from_memory_which_is_seconds_old_at_most(
    django_assert_num_queries: DjangoAssertNumQueries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(senders_module, "REFRESH_SECONDS", 0.2)
    token = add_sender("gateway")
    known = SenderList()
    with django_assert_num_queries(1):
        assert known.find(token) is not None
        assert [known.find(f"stow_{number}") for number in range(50)] == [None] * 50
    remove_sender("gateway")
    time.sleep(0.25)
    found = known.find(token)
    assert found is not None
    assert found.disabled_at is not None
