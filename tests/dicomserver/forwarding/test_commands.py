"""The commands by which an operator makes, sees and removes rules, and sends a study."""

from typing import Any

import pytest
from django.core.management import CommandError, call_command

from dicomserver.forwarding.models import Forward, ForwardRule
from tests.dicomserver.forwarding.places import destination, moved, rule
from tests.dicomserver.network import TakeIn
from tests.dicomserver.objects import small_ct

pytestmark = pytest.mark.django_db


def output(capsys: pytest.CaptureFixture[str], *command: str) -> str:
    call_command(*command)
    return capsys.readouterr().out


def test_a_rule_is_added_shown_disabled_and_removed(capsys: pytest.CaptureFixture[str]) -> None:
    destination()
    options = ["--modality", "ct,MR", "--weekday", "6,7", "--from", "18:00", "--time-zone", "Europe/Chisinau"]
    said = output(capsys, "add_forward_rule", "at night", "--to", "pacs", "--commitment", *options)
    assert said == "Holds within 2 seconds for what comes in from then on.\n"
    conditions = "modality=CT,MR weekday=6,7 from=18:00 time-zone=Europe/Chisinau"
    expected = f"at night\tto pacs\tinstance\t{conditions}\tasks commitment\tenabled\n"
    assert output(capsys, "list_forward_rules") == expected
    call_command("change_forward_rule", "at night", "--disable")
    assert ForwardRule.objects.get().is_enabled is False
    call_command("change_forward_rule", "at night", "--enable")
    assert ForwardRule.objects.get().is_enabled is True
    call_command("remove_forward_rule", "at night")
    capsys.readouterr()
    assert output(capsys, "list_forward_rules") == ""


def test_a_rule_needs_nothing_but_a_name_and_a_destination(capsys: pytest.CaptureFixture[str]) -> None:
    destination()
    call_command("add_forward_rule", "all", "--to", "pacs", "--when", "study")
    capsys.readouterr()
    assert output(capsys, "list_forward_rules") == "all\tto pacs\tstudy\teverything\t-\tenabled\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("-x", "--to", "pacs"), "A name has 1 to 64"),
        (("all", "--to", "nobody"), "There is no peer 'nobody'. Add it with add_peer."),
        (("all", "--to", "mute"), "The peer 'mute' does not listen."),
        (("all", "--to", "pacs", "--source", "nobody"), "There is no peer 'nobody'."),
        (("taken", "--to", "pacs"), "There is a rule 'taken' already."),
        (("all", "--to", "pacs", "--weekday", "0"), "A day of the week is a number"),
        (("all", "--to", "pacs", "--time-zone", "Mars/Base"), "There is no time zone 'Mars/Base'"),
        (("all", "--to", "pacs", "--time-zone", "../../etc/passwd"), "There is no time zone"),
        (("all", "--to", "pacs", "--modality", "C\\T"), "is none that DICOM knows"),
        (("all", "--to", "pacs", "--study-description", "x" * 129), "A pattern has at most 128"),
        (("all", "--to", "pacs", "--from", "evening"), "a time is written as 18:00"),
        (("all", "--to", "pacs", "--weekday", "Monday"), "days are numbers"),
        (("all",), "--to"),
    ],
)
def test_what_cannot_be_a_rule_is_refused_in_words(arguments: tuple[str, ...], message: str) -> None:
    destination()
    destination("mute", ae_title="MUTE")
    rule("taken")
    moved("mute", host="")
    name = ["--", arguments[0]] if arguments[0].startswith("-") else [arguments[0]]
    with pytest.raises(CommandError) as caught:
        call_command("add_forward_rule", *arguments[1:], *name)
    assert message in str(caught.value)
    assert ForwardRule.objects.count() == 1


@pytest.mark.parametrize("command", [("remove_forward_rule",), ("change_forward_rule", "--enable")])
def test_a_rule_that_is_not_there_is_said_so(command: tuple[Any, ...]) -> None:
    with pytest.raises(CommandError) as caught:
        call_command(*command, "nothing")
    assert str(caught.value) == "There is no rule 'nothing'."


def test_a_study_is_sent_by_hand(take_in: TakeIn, capsys: pytest.CaptureFixture[str]) -> None:
    destination()
    uid = take_in(small_ct()).series.study.study_instance_uid
    assert output(capsys, "forward_study", uid, "--to", "pacs") == "Instances that wait to be sent: 1.\n"
    assert Forward.objects.get().rule == ""
    assert output(capsys, "list_forward_rules") == "to pacs\t1 waiting\t0 parked\t0 not committed\t-\t-\n"
    with pytest.raises(CommandError):
        call_command("forward_study", "1.2.3", "--to", "pacs")
    with pytest.raises(CommandError):
        call_command("forward_study", uid, "--to", "nobody")
