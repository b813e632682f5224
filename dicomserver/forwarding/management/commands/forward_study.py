"""Sends one study on to another machine because somebody asks for it."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from dicomserver.forwarding.queueing import queue_study_again
from dicomserver.forwarding.rules import RuleError, listening_peer
from dicomserver.index.selectors import study_by_uid


class Command(BaseCommand):
    """python -m dicomserver forward_study UID --to PEER."""

    help = "Send all that this server has of a study to a peer, also what it was sent before or refused."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What goes where."""
        parser.add_argument("study_instance_uid", help="the study")
        parser.add_argument("--to", required=True, metavar="PEER", help="the peer that it goes to; it must listen")
        parser.add_argument("--commitment", action="store_true", help="then ask the peer to commit itself to keep it")

    def handle(self, *_arguments: Any, **options: Any) -> None:
        """Queue it."""
        study = study_by_uid(options["study_instance_uid"])
        if study is None:
            raise CommandError(f"There is no study {options['study_instance_uid']!r} on this server.")
        try:
            peer = listening_peer(options["to"])
        except RuleError as error:
            raise CommandError(str(error)) from error
        count = queue_study_again(study, peer, asks_commitment=options["commitment"])
        self.stdout.write(f"Instances that wait to be sent: {count}.")
