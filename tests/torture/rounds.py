"""The rounds: senders send, a process is killed, it comes back; now and then and at the end everything is checked."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.demonstration import ROOT, wait_until
from tests.torture.checks import Inspection
from tests.torture.kills import NAMES, Killer
from tests.torture.ledger import Ledger
from tests.torture.portal import RememberingPortal
from tests.torture.server import TorturedServer

STORE_SENDERS = 4
CHECK_EVERY = 20
# A kill comes so long after everything is up again.
MOMENT_SECONDS = (0.1, 1.2)
# What was acknowledged while PostgreSQL was away is in the index so soon after it is back.
CATCH_UP_SECONDS = 20
DRAIN_SECONDS = 120
QUIET_SECONDS = 60
STOP_SECONDS = 5
OUTBOX_WAITING = "SELECT count(*) FROM outbox_outboxmessage WHERE delivered_at IS NULL"
STUDIES_OPEN = "SELECT count(*) FROM index_study WHERE completed_at IS NULL"


@dataclass
class Result:
    """What a torture came to."""

    seed: int
    rounds: int = 0
    seconds: float = 0.0
    sent: int = 0
    acknowledged: int = 0
    found: int = 0
    kills: dict[str, int] = field(default_factory=dict)
    answers: dict[str, int] = field(default_factory=dict)
    reports: int = 0
    redelivered: int = 0
    problems: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        """For whoever started it."""
        answers = dict(self.answers)
        times_sent, times_stored = answers.pop("sent", 0), answers.pop("stored", 0)
        again = f"(of them {times_stored - self.acknowledged} again)"
        rest = ", ".join(f"{count} x {answer}" for answer, count in sorted(answers.items()))
        return [
            f"seed {self.seed}: {self.rounds} rounds in {self.seconds:.0f} s",
            "killed: " + ", ".join(f"{NAMES[name]} {count}" for name, count in sorted(self.kills.items())),
            f"instances: sent {self.sent}, acknowledged {self.acknowledged}, found {self.found}",
            f"sendings: {times_sent}, answered with success {times_stored} {again}, else: {rest or 'nothing'}",
            f"reports to the portal: {self.reports} taken in, {self.redelivered} delivered again",
            *(f"PROBLEM: {problem}" for problem in self.problems),
            "lost: nothing" if not self.problems else f"{len(self.problems)} problems",
        ]


class Torture:
    """One run of so many rounds in a folder."""

    def __init__(self, directory: Path, seed: int, say: Callable[[str], None] = lambda line: None) -> None:
        self.seed, self.say = seed, say
        self.random = Random(seed)
        self.portal = RememberingPortal()
        self.portal.start()
        self.server = TorturedServer(directory, self.portal.url)
        self.killer = Killer(self.server, self.random)
        self.senders: list[subprocess.Popen[bytes]] = []
        self.ledger = Ledger([])
        self.result = Result(seed)
        self._seen: set[str] = set()

    def run(self, rounds: int) -> Result:
        """Prepare, torture, check; the result says what was wrong. Stops all that it started."""
        with self.under_way():
            while self.result.rounds < rounds and not self.result.problems:
                self._one_round()
                if self.result.rounds % CHECK_EVERY == 0 and self.result.rounds < rounds:
                    self._check_archive()
        return self.result

    @contextmanager
    def under_way(self) -> Iterator[None]:
        """A server and senders; at the end all must have been acknowledged, everything is checked and stopped."""
        try:
            self.server.prepare()
            self.server.start()
            self._start_senders()
            started = time.monotonic()
            yield
            self._drain()
            self._check_everything()
            self.result.seconds = time.monotonic() - started
        finally:
            self._stop()
        self._sum_up()

    def _one_round(self) -> None:
        started = time.monotonic()
        time.sleep(self.random.uniform(*MOMENT_SECONDS))
        target = self.killer.kill()
        self.result.rounds += 1
        self.say(f"round {self.result.rounds}: {NAMES[target]}, {time.monotonic() - started:.1f} s")

    def _check_archive(self) -> None:
        """While the senders go on: what is acknowledged by now must be there, when the server had time to catch up."""
        self.ledger.read()
        acknowledged = set(self.ledger.acknowledged)
        deadline = time.monotonic() + CATCH_UP_SECONDS
        while True:
            inspection = Inspection(self.server, self.ledger)
            inspection.look_at_archive(acknowledged, self._seen)
            if not inspection.problems or time.monotonic() > deadline:
                break
            time.sleep(0.5)
        self.result.problems += inspection.problems
        self.say(f"check: {len(acknowledged)} acknowledged, {inspection.found} found")

    def _check_everything(self) -> None:
        inspection = Inspection(self.server, self.ledger)
        inspection.look_at_archive(self.ledger.acknowledged, set())
        self.result.found = inspection.found
        inspection.look_at_rest(self.portal)
        self.result.problems += inspection.problems

    def _drain(self) -> None:
        """Let the senders end, each when all of its instances were acknowledged, and the server become quiet."""
        for sender in self.senders:
            sender.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + DRAIN_SECONDS
        for number, sender in enumerate(self.senders):
            try:
                code = sender.wait(max(1.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                self.result.problems.append(f"sender {number} did not get everything acknowledged")
            else:
                if code:
                    self.result.problems.append(f"sender {number} ended with code {code}")
        self.ledger.read()
        try:
            wait_until(self._is_quiet, QUIET_SECONDS, "all studies are complete and the outbox is empty")
        except AssertionError as error:
            self.result.problems.append(str(error))

    def _is_quiet(self) -> bool:
        return all(self.server.query(question) == [(0,)] for question in (STUDIES_OPEN, OUTBOX_WAITING))

    def _start_senders(self) -> None:
        token = self.server.stow_token
        senders = STORE_SENDERS + bool(token)
        for number in range(senders):
            log = self.server.directory / f"sender-{number}.log"
            log.touch()
            self.ledger.logs.append(log)
            port, stow = self.server.dicom_port, []
            if number == STORE_SENDERS:
                port, stow = self.server.web_port, ["--stow-token", token]
            words = [*map(str, (self.seed, number, senders, port, log)), *stow]
            command = [sys.executable, "-m", "tests.torture.sender", *words]
            with log.with_suffix(".err").open("ab") as errors:
                self.senders.append(subprocess.Popen(command, cwd=ROOT, stdout=errors, stderr=errors))

    def _stop(self) -> None:
        for sender in self.senders:
            sender.kill()
            sender.wait(STOP_SECONDS)
        self.server.stop()
        self.portal.stop()

    def _sum_up(self) -> None:
        result = self.result
        result.sent, result.acknowledged = len(self.ledger.sent), len(self.ledger.acknowledged)
        result.answers, result.kills = dict(self.ledger.answers), dict(self.killer.kills)
        result.reports, result.redelivered = self.portal.taken_in, self.portal.redelivered
