"""What the tests of C-MOVE and C-GET share: two studies of a patient in the archive, and who may ask for them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from dicomserver.scu import RetrieveProgress, Timeouts, move
from tests.dicomserver.objects import small_ct
from tests.dicomserver.scu.machines import Machine

if TYPE_CHECKING:
    from dicomserver.index.models import Instance
    from tests.dicomserver.network import TakeIn

PATIENT = "P-RETRIEVE"
PATIENCE = Timeouts(connect=5, association=10, response=20)


@dataclass(frozen=True)
class Holdings:
    """Two studies: the first of two series, of two instances and one; the second of one instance."""

    instances: tuple["Instance", ...]
    studies: tuple[str, str]
    series: tuple[str, str, str]

    @property
    def uids(self) -> list[str]:
        return [one.sop_instance_uid for one in self.instances]


def holdings(take_in: "TakeIn") -> Holdings:
    """Take the studies in."""
    studies = generate_uid(), generate_uid()
    series = generate_uid(), generate_uid(), generate_uid()
    places = [(0, 0, 1), (0, 0, 2), (0, 1, 1), (1, 2, 1)]
    taken = [
        take_in(
            small_ct(
                PatientID=PATIENT,
                StudyInstanceUID=studies[study],
                SeriesInstanceUID=series[one],
                SeriesNumber=one,
                InstanceNumber=number,
            )
        )
        for study, one, number in places
    ]
    return Holdings(tuple(taken), studies, series)


def keys(level: str, **values: Any) -> Dataset:
    """An identifier."""
    ds = Dataset()
    ds.QueryRetrieveLevel = level
    for keyword, value in values.items():
        setattr(ds, keyword, value)
    return ds


def moved(port: int, identifier: Dataset, destination: str = "DEST") -> list[RetrieveProgress]:
    """What the server on the port answers to a C-MOVE of the machine PACS."""
    return list(move(Machine(port, "SERVER_A"), identifier, destination, ae_title="PACS", timeouts=PATIENCE))
