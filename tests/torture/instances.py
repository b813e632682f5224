"""Instances made from numbers: any process can make the same bytes again, so that several may send them."""

import hashlib
from dataclasses import dataclass
from random import Random

from tests.dicomserver.objects import DEFLATED, EXPLICIT, IMPLICIT, Sendable, sendable, small_ct

# Instances of one study that each sender has; senders are at about the same study at the same time.
STUDY_SHARE = 8
SYNTAXES = (EXPLICIT, EXPLICIT, EXPLICIT, IMPLICIT, DEFLATED)


@dataclass(frozen=True)
class Made:
    """An instance ready to be sent, and what it is called in the log."""

    what: Sendable
    study_instance_uid: str

    @property
    def uid(self) -> str:
        """Its SOP Instance UID."""
        return self.what.sop_instance_uid

    @property
    def sha256(self) -> str:
        """Digest of the data set's bytes."""
        return hashlib.sha256(self.what.data).hexdigest()


def made_uid(*words: object) -> str:
    """A UID that follows from the words (PS3.5 B.2)."""
    digest = hashlib.sha256("/".join(map(str, words)).encode()).digest()
    return f"2.25.{int.from_bytes(digest[:16], 'big')}"


def made_instance(seed: int, sender: int, number: int) -> Made:
    """The instance of these numbers: small as a rule, some of several MB, all senders' in the same studies."""
    random = Random(f"{seed}/{sender}/{number}")
    study = number // STUDY_SHARE
    side = side_of(random)
    study_uid = made_uid(seed, "study", study)
    ds = small_ct(
        SOPInstanceUID=made_uid(seed, "instance", sender, number),
        StudyInstanceUID=study_uid,
        SeriesInstanceUID=made_uid(seed, "series", study, random.randrange(3)),
        AccessionNumber=f"T{study}",
        PatientID=f"T-{study}",
        InstanceNumber=number,
        Rows=side,
        Columns=side,
        PixelData=random.randbytes(2 * side * side),
    )
    return Made(sendable(ds, random.choice(SYNTAXES)), study_uid)


def side_of(random: Random) -> int:
    """Rows and columns: of 80 instances one has 2 to 5 MB, ten 60 to 250 kB, the rest 0.5 to 20 kB."""
    chance = random.randrange(80)
    if chance == 0:
        return random.randrange(1000, 1600)
    if chance <= 10:
        return random.randrange(170, 350)
    return random.randrange(16, 100)
