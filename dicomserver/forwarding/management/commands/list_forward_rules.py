"""Shows the rules by which instances go on to other machines, and how it stands with each destination."""

from typing import Any

from django.core.management.base import BaseCommand

from dicomserver.forwarding.models import ForwardRule, Trigger
from dicomserver.forwarding.selectors import ForwardCounts, forward_counts


class Command(BaseCommand):
    """python -m dicomserver list_forward_rules."""

    help = (
        "List the forward rules, one a line with tabs between: name, peer, when, conditions, whether commitment is "
        "asked, whether it is enabled. Then the destinations: what waits, what is parked, what is not committed yet, "
        "since when the peer takes nothing, and why."
    )

    def handle(self, *_arguments: Any, **_options: Any) -> None:
        """One line each."""
        for rule in ForwardRule.objects.select_related("destination", "source").order_by("name"):
            self.stdout.write("\t".join(_rule(rule)))
        for counts in forward_counts():
            self.stdout.write("\t".join(_destination(counts)))


def _rule(rule: ForwardRule) -> list[str]:
    return [
        rule.name,
        f"to {rule.destination.name}",
        Trigger(rule.trigger).value,
        " ".join(_conditions(rule)) or "everything",
        "asks commitment" if rule.asks_commitment else "-",
        "enabled" if rule.is_enabled else "disabled",
    ]


def _conditions(rule: ForwardRule) -> list[str]:
    values = {
        "modality": ",".join(rule.modalities),
        "body-part": ",".join(rule.body_parts),
        "calling-ae-title": ",".join(rule.calling_ae_titles),
        "called-ae-title": ",".join(rule.called_ae_titles),
        "source": rule.source.name if rule.source else "",
        "study-description": rule.study_description,
        "series-description": rule.series_description,
        "weekday": ",".join(str(day) for day in rule.weekdays),
        "from": f"{rule.received_from:%H:%M}" if rule.received_from else "",
        "until": f"{rule.received_until:%H:%M}" if rule.received_until else "",
    }
    said = [f"{name}={value}" for name, value in values.items() if value]
    is_timed = rule.weekdays or rule.received_from or rule.received_until
    return [*said, f"time-zone={rule.time_zone}"] if is_timed else said


def _destination(counts: ForwardCounts) -> list[str]:
    return [
        f"to {counts.destination.name}",
        f"{counts.waiting} waiting",
        f"{counts.parked} parked",
        f"{counts.uncommitted} not committed",
        f"takes nothing since {counts.down_since:%Y-%m-%d %H:%M}" if counts.down_since else "-",
        counts.last_error or "-",
    ]
