"""Changes the window presets of an institution."""

from collections.abc import Sequence

from django.db import transaction

from audit.actors import Actor
from audit.services import record_institution_changed
from portal.accounts.models import User
from portal.institutions.institution_services import NotYourInstitution
from portal.institutions.models import Institution
from portal.institutions.selectors import institutions_managed_by
from viewer.presets.defaults import CT_PRESETS, Preset
from viewer.presets.models import WindowPreset
from viewer.presets.selectors import presets_of


@transaction.atomic
def change_presets(*, actor: Actor, administrator: User, institution_pk: int, presets: Sequence[Preset]) -> Institution:
    """Put these presets in the place of the institution's; what stays as it was is not recorded.

    None, or those of everybody, means that it follows those of everybody. Raises NotYourInstitution.
    """
    managed = institutions_managed_by(administrator)
    institution = Institution.objects.select_for_update(no_key=True).filter(pk=institution_pk, pk__in=managed).first()
    if institution is None:
        raise NotYourInstitution
    wanted = tuple(presets) or CT_PRESETS
    if wanted == presets_of(institution):
        return institution
    WindowPreset.objects.filter(institution=institution).delete()
    if wanted != CT_PRESETS:
        WindowPreset.objects.bulk_create(
            WindowPreset(
                institution=institution,
                key=preset.key,
                name=preset.name,
                window_center=preset.window_center,
                window_width=preset.window_width,
            )
            for preset in wanted
        )
    changes = {"window_presets": ", ".join(_words(preset) for preset in wanted)}
    record_institution_changed(actor=actor, institution=institution.short_name, changes=changes)
    return institution


def _words(preset: Preset) -> str:
    if preset.window_width is None:
        return f"{preset.key} {preset.name}"
    return f"{preset.key} {preset.name} {preset.window_center:g}/{preset.window_width:g}"
