"""What two sides say of an order's patient: for each fact the newest word stands, in whatever order words arrive.

An order's patient is changed at the portal (REST) and at the DICOM Server (HL7 ADT). Each side keeps with each fact,
a field of `wire.orders`, when it was changed, and both merge by the same rule; so both end with the same, however
often and late the messages come.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

# What an identifier means depends on its issuer: they change together.
_IDENTITY: Final = frozenset({"patient_id", "issuer_of_patient_id"})
# What was never changed is as old as anything can be.
_NEVER: Final = datetime.min.replace(tzinfo=UTC)
_TICK: Final = timedelta(microseconds=1)


@dataclass(frozen=True)
class PatientFacts:
    """The facts by their names on the wire, as plain JSON, and when those that were changed were."""

    values: Mapping[str, Any]
    changed_at: Mapping[str, datetime]

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> "PatientFacts":
        """Those of an order as plain JSON."""
        moments = content.get("patient_changed_at", {})
        return cls(content["patient"], {name: datetime.fromisoformat(moment) for name, moment in moments.items()})

    def changed(self, values: Mapping[str, Any], now: datetime) -> "PatientFacts":
        """These with the values: what is the same was not changed. Whoever changes has seen what was here before."""
        names = {name for name, value in values.items() if self.values.get(name) != value}
        if names & _IDENTITY:
            names |= _IDENTITY
        # Later than all that is known, even where another side's clock is ahead.
        moment = max([now, *(known + _TICK for known in self.changed_at.values())])
        return PatientFacts({**self.values, **values}, {**self.changed_at, **dict.fromkeys(names, moment)})

    def in_content(self, content: Mapping[str, Any]) -> dict[str, Any]:
        """The order as plain JSON with these facts."""
        moments = {name: moment.isoformat() for name, moment in self.changed_at.items()}
        return {**content, "patient": dict(self.values), "patient_changed_at": moments}


def newest_facts(*, portal: PatientFacts, server: PatientFacts) -> PatientFacts:
    """Each fact as it was changed last; of what was changed at the same moment, or never, the portal's."""
    values, changed_at = dict(portal.values), dict(portal.changed_at)
    for name, moment in server.changed_at.items():
        if name in server.values and moment > portal.changed_at.get(name, _NEVER):
            values[name], changed_at[name] = server.values[name], moment
    return PatientFacts(values, changed_at)
