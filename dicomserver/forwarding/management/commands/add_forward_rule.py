"""Makes a rule by which instances go on to another machine."""

from argparse import ArgumentParser, ArgumentTypeError
from datetime import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from dicomserver.forwarding.models import Trigger
from dicomserver.forwarding.rules import REFRESH_SECONDS, RuleError, add_rule


class Command(BaseCommand):
    """python -m dicomserver add_forward_rule NAME --to PEER."""

    help = (
        "Send what comes in on to a peer. Each condition that is given must hold; of values with commas between, one "
        "must. What came from the peer is never sent back to it, and nothing is sent there twice."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The rule."""
        parser.add_argument("name", help="a name of your choice, under which the log speaks of the rule")
        parser.add_argument("--to", required=True, metavar="PEER", help="the peer that it goes to; it must listen")
        parser.add_argument(
            "--when", choices=Trigger.values, default=Trigger.INSTANCE, help="each instance, or the complete study"
        )
        parser.add_argument("--modality", type=_words, default=[], help="such as CT,MR")
        parser.add_argument("--body-part", type=_words, default=[], help="such as CHEST,ABDOMEN")
        parser.add_argument("--calling-ae-title", type=_words, default=[], help="who sent it")
        parser.add_argument("--called-ae-title", type=_words, default=[], help="to which title of this server")
        parser.add_argument("--source", default="", metavar="PEER", help="the peer that sent it")
        parser.add_argument("--study-description", default="", help="a pattern with * and ?, in any case")
        parser.add_argument("--series-description", default="", help="a pattern with * and ?, in any case")
        parser.add_argument("--weekday", type=_days, default=[], help="received on days such as 6,7 (1 is Monday)")
        parser.add_argument("--from", type=_time, dest="received_from", help="received from this time on, 18:00")
        parser.add_argument("--until", type=_time, dest="received_until", help="received before this time, 07:30")
        parser.add_argument("--time-zone", default="UTC", help="of days and times, such as Europe/Chisinau")
        parser.add_argument("--commitment", action="store_true", help="then ask the peer to commit itself to keep it")
        parser.add_argument("--disabled", action="store_true", help="only note the rule; enable it later")

    def handle(self, *_arguments: Any, **options: Any) -> None:
        """Make it."""
        try:
            add_rule(
                options["name"],
                destination=options["to"],
                source=options["source"],
                trigger=options["when"],
                modalities=options["modality"],
                body_parts=options["body_part"],
                calling_ae_titles=options["calling_ae_title"],
                called_ae_titles=options["called_ae_title"],
                study_description=options["study_description"],
                series_description=options["series_description"],
                weekdays=options["weekday"],
                received_from=options["received_from"],
                received_until=options["received_until"],
                time_zone=options["time_zone"],
                asks_commitment=options["commitment"],
                is_enabled=not options["disabled"],
            )
        except RuleError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Holds within {REFRESH_SECONDS:.0f} seconds for what comes in from then on.")


def _words(text: str) -> list[str]:
    return [word for word in text.split(",") if word.strip()]


def _days(text: str) -> list[int]:
    try:
        return [int(word) for word in _words(text)]
    except ValueError as error:
        raise ArgumentTypeError("days are numbers from 1 to 7, with commas between") from error


def _time(text: str) -> time:
    try:
        return time.fromisoformat(text)
    except ValueError as error:
        raise ArgumentTypeError("a time is written as 18:00") from error
