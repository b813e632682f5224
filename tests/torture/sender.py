"""One sender: sends without pause, notes each answer as it comes, and sends again what got none, as a modality does."""

import argparse
import os
import signal
import time
from abc import ABC, abstractmethod
from collections import deque
from contextlib import suppress
from pathlib import Path
from random import Random

from tests.torture.instances import Made, made_instance
from tests.torture.storage_scu import SUCCESS, Interrupted, StorageAssociation
from tests.torture.stow import StowClient

CALLED_AE_TITLE = "TORTURE"
# Instances on one association, or in one request of STOW-RS.
ASSOCIATION_LENGTHS = (1, 60)
REQUEST_LENGTHS = (1, 8)
PAUSE_SECONDS = 0.2
# How many of 100 are sent though they were acknowledged before, and how many belong to another sender.
AGAIN, FOREIGN = 4, 6


class Sender(ABC):
    """Sends batch after batch until it is asked to stop, then until all of it was acknowledged."""

    def __init__(self, seed: int, number: int, senders: int, log: Path) -> None:
        self.seed, self.number, self.senders = seed, number, senders
        self.random = Random(f"{seed}/sender/{number}")
        self.next = 0
        self.waiting: deque[Made] = deque()
        self.acknowledged: deque[Made] = deque(maxlen=50)
        self.stop_asked = False
        self._log = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)

    @abstractmethod
    def send_batch(self, batch: list[Made]) -> None:
        """Send the instances, noting each answer. Raises Interrupted."""

    @property
    @abstractmethod
    def lengths(self) -> tuple[int, int]:
        """Fewest and most instances of a batch."""

    def run(self) -> None:
        """Send until stopped and all was acknowledged."""
        while not self.stop_asked or self.waiting:
            batch = self.batch()
            self.waiting.extend(batch)
            try:
                self.send_batch(batch)
            except Interrupted as interruption:
                self.note("interrupted", str(interruption))
                time.sleep(PAUSE_SECONDS)

    def batch(self) -> list[Made]:
        """What was not acknowledged yet, then new ones; nothing new once asked to stop."""
        length = self.random.randint(*self.lengths)
        batch = [self.waiting.popleft() for _ in range(min(length, len(self.waiting)))]
        while len(batch) < length and not self.stop_asked:
            batch.append(self.new_one())
        return batch

    def new_one(self) -> Made:
        """The next instance; sometimes one that was sent before, sometimes one of another sender."""
        chance = self.random.randrange(100)
        if chance < AGAIN and self.acknowledged:
            return self.random.choice(self.acknowledged)
        if chance < AGAIN + FOREIGN and self.senders > 1:
            other = self.random.choice([one for one in range(self.senders) if one != self.number])
            return made_instance(self.seed, other, max(0, self.next - self.random.randrange(8)))
        self.next += 1
        return made_instance(self.seed, self.number, self.next - 1)

    def note_sent(self, made: Made) -> None:
        """Write down what is about to be sent."""
        self.note("sent", made.uid, made.study_instance_uid, made.sha256)

    def note_stored(self, made: Made) -> None:
        """Write down what was acknowledged."""
        self.note("stored", made.uid)
        with suppress(ValueError):
            self.waiting.remove(made)
        self.acknowledged.append(made)

    def note(self, *words: str) -> None:
        """One line of the log, written at once and whole."""
        os.write(self._log, ("\t".join(words) + "\n").encode())

    def ask_to_stop(self, *_: object) -> None:
        """Let the sender end when all of its instances were acknowledged."""
        self.stop_asked = True


class StoreSender(Sender):
    """Sends by C-STORE: association after association."""

    lengths = ASSOCIATION_LENGTHS

    def __init__(self, seed: int, number: int, senders: int, log: Path, port: int) -> None:
        super().__init__(seed, number, senders, log)
        self.address = ("127.0.0.1", port)

    def send_batch(self, batch: list[Made]) -> None:
        """One association."""
        contexts = {(made.what.sop_class_uid, made.what.transfer_syntax_uid) for made in batch}
        calling = f"SENDER_{self.number}"
        with StorageAssociation(self.address, contexts, calling=calling, called=CALLED_AE_TITLE) as assoc:
            for made in batch:
                self.note_sent(made)
                status = assoc.store(made.what)
                if status == SUCCESS:
                    self.note_stored(made)
                else:
                    self.note("refused", made.uid, f"{status:#06x}")
                    time.sleep(PAUSE_SECONDS)
            assoc.release()


class StowSender(Sender):
    """Sends by STOW-RS: request after request."""

    lengths = REQUEST_LENGTHS

    def __init__(self, seed: int, number: int, senders: int, log: Path, port: int, token: str) -> None:
        super().__init__(seed, number, senders, log)
        self.client = StowClient(port, token)

    def send_batch(self, batch: list[Made]) -> None:
        """One request."""
        # One body holds an instance once: the answer names instances, not parts.
        batch = list({made.uid: made for made in batch}.values())
        for made in batch:
            self.note_sent(made)
        answer = self.client.store([made.what for made in batch])
        for made in batch:
            if made.uid in answer.stored:
                self.note_stored(made)
            else:
                self.note("refused", made.uid, answer.failed.get(made.uid, answer.refusal))
        if len(answer.stored) < len(batch):
            time.sleep(PAUSE_SECONDS)


def main() -> None:
    """Run one sender until SIGTERM and until everything was acknowledged."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("seed", "number", "senders", "port"):
        parser.add_argument(name, type=int)
    parser.add_argument("log", type=Path)
    parser.add_argument("--stow-token", default="")
    options = parser.parse_args()
    words = (options.seed, options.number, options.senders, options.log, options.port)
    sender: Sender = StowSender(*words, options.stow_token) if options.stow_token else StoreSender(*words)
    signal.signal(signal.SIGTERM, sender.ask_to_stop)
    sender.run()


if __name__ == "__main__":
    main()
