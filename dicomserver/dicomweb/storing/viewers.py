"""What a reader may store: documents and presentations of the study that they have open, of its own patient."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from dicomserver.access.reads import Reader
from dicomserver.index.models import Study
from dicomserver.ingest.header import InstanceHeader

# PS3.4 Table B.5-1, by their names there: what people write about images. Reports of doses, of computer-aided
# detection and logs come from machines.
SOP_CLASSES: Final = frozenset(
    {
        "1.2.840.10008.5.1.4.1.1.11.1",  # Grayscale Softcopy Presentation State Storage
        "1.2.840.10008.5.1.4.1.1.11.2",  # Color Softcopy Presentation State Storage
        "1.2.840.10008.5.1.4.1.1.11.3",  # Pseudo-Color Softcopy Presentation State Storage
        "1.2.840.10008.5.1.4.1.1.11.4",  # Blending Softcopy Presentation State Storage
        "1.2.840.10008.5.1.4.1.1.11.5",  # XA/XRF Grayscale Softcopy Presentation State Storage
        "1.2.840.10008.5.1.4.1.1.11.6",  # Grayscale Planar MPR Volumetric Presentation State Storage
        "1.2.840.10008.5.1.4.1.1.11.7",  # Compositing Planar MPR Volumetric Presentation State Storage
        "1.2.840.10008.5.1.4.1.1.11.8",  # Advanced Blending Presentation State Storage
        "1.2.840.10008.5.1.4.1.1.11.9",  # Volume Rendering Volumetric Presentation State Storage
        "1.2.840.10008.5.1.4.1.1.11.10",  # Segmented Volume Rendering Volumetric Presentation State Storage
        "1.2.840.10008.5.1.4.1.1.11.11",  # Multiple Volume Rendering Volumetric Presentation State Storage
        "1.2.840.10008.5.1.4.1.1.11.12",  # Variable Modality LUT Softcopy Presentation State Storage
        "1.2.840.10008.5.1.4.1.1.88.11",  # Basic Text SR Storage
        "1.2.840.10008.5.1.4.1.1.88.22",  # Enhanced SR Storage
        "1.2.840.10008.5.1.4.1.1.88.33",  # Comprehensive SR Storage
        "1.2.840.10008.5.1.4.1.1.88.34",  # Comprehensive 3D SR Storage
        "1.2.840.10008.5.1.4.1.1.88.35",  # Extensible SR Storage
        "1.2.840.10008.5.1.4.1.1.88.59",  # Key Object Selection Document Storage
        "1.2.840.10008.5.1.4.1.1.88.72",  # Simplified Adult Echo SR Storage
    }
)
# A document of some thousand measurements takes a few megabytes.
MAX_REQUEST_BYTES: Final = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Storer:
    """Who stores: a machine, or a reader, who may add to one study and not change what it is about.

    `name` is for the log. `study` and `reader`, as whom the audit knows a person, are None for a machine.
    """

    name: str
    ae_title: str = ""
    study: Study | None = None
    reader: Reader | None = None

    def takes(self, sop_class_uid: str) -> bool:
        """Whether instances of the class may be stored."""
        return self.study is None or sop_class_uid in SOP_CLASSES

    def is_about(self, header: InstanceHeader) -> bool:
        """Whether an instance says of patient and physicians what the study says, as far as it says anything.

        Who may open a study depends on these, and a study takes what it lacks from the instances that it gains.
        """
        if self.study is None:
            return True
        found = header.study
        if any(found[field] and found[field] != getattr(self.study, field) for field in _TEXTS):
            return False
        if header.series["burned_in_annotation"]:
            # A series takes that over too, and what is shown without identity hangs on it.
            return False
        return (
            _among(found["other_patient_ids"], self.study.other_patient_ids)
            and _among(_spelt([found["referring_physician_name"]]), _spelt([self.study.referring_physician_name]))
            and _among(_spelt(found["requesting_physician_names"]), _spelt(self.study.requesting_physician_names))
        )


_TEXTS: Final = ("patient_id", "issuer_of_patient_id", "patient_birth_date")


def _among(found: Iterable[Any], known: Iterable[Any]) -> bool:
    there = list(known)
    return all(one in there for one in found)


def _spelt(names: Iterable[dict[str, str]]) -> list[str]:
    """The alphabetic groups, without differences of spelling that mean nothing."""
    groups = ((name or {}).get("alphabetic", "") for name in names)
    return [" ".join(group.replace("^", " ").split()).casefold() for group in groups if group.strip("^ ")]
