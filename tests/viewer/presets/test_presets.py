"""Window presets of an institution: set by its administrators, told to whoever reads its studies."""

import json
import re

import pytest
from django.db import IntegrityError, transaction

from audit.models import AuditEvent
from audit.rows import row_of
from portal.institutions.models import Role
from tests.portal.grants.factories import GrantFactory, MembershipFactory, make_patient_study, radiologist_of
from viewer.presets.defaults import CT_PRESETS, KEYS, Preset
from viewer.presets.models import WindowPreset
from viewer.presets.selectors import presets_of

pytestmark = pytest.mark.django_db
PAGE = "/settings/windows/"


@pytest.fixture
def membership():
    return MembershipFactory(role=Role.INSTITUTION_ADMINISTRATOR)


@pytest.fixture
def institution(membership, client):
    client.force_login(membership.user)
    return membership.institution


def form(*presets, **changes):
    """What the page sends for these presets."""
    rows = {preset.key: preset for preset in presets or CT_PRESETS}
    sent = {}
    for key in KEYS:
        row = rows.get(key, Preset(key, "", None, None))
        numbers = {"window_center": row.window_center, "window_width": row.window_width}
        texts = {name: "" if value is None else str(value) for name, value in numbers.items()}
        sent |= {f"key_{key}-{name}": value for name, value in {"name": row.name, **texts}.items()}
    return sent | changes


def keep(client, institution, sent):
    return client.post(f"{PAGE}{institution.pk}/", sent)


def events():
    return list(AuditEvent.objects.exclude(action="signed_in").order_by("pk").values_list("action", flat=True))


def test_every_institution_begins_with_the_same(client, institution):
    assert presets_of(institution) == CT_PRESETS
    html = client.get(PAGE).content.decode()
    assert institution.name in html
    assert "with which every institution begins" in html
    assert 'value="-400"' in html
    assert html.count('data-testid="preset-row"') == 10


def test_those_of_the_page_are_kept_and_recorded_once(client, institution):
    own = (Preset("1", "Liver", 60, 160), Preset("3", "Temporal", 600.5, 2800), Preset("0", "Standard", None, None))
    for _ in range(2):
        assert keep(client, institution, form(*own))["Location"] == PAGE
    assert presets_of(institution) == own
    assert events() == ["institution_changed"]
    event = AuditEvent.objects.get(action="institution_changed")
    assert event.details["changes"] == {"window_presets": "1 Liver 60/160, 3 Temporal 600.5/2800, 0 Standard"}
    assert "window presets: 1 Liver 60/160" in " ".join(fact.value for fact in row_of(event).facts)
    assert "They were chosen here." in client.get(PAGE).content.decode()


def test_unchanged_presets_are_not_kept_as_own_ones(client, institution):
    keep(client, institution, form())
    assert not WindowPreset.objects.exists()
    assert events() == []


@pytest.mark.parametrize("sent", [{"reset": "1"}, form(Preset("1", "", None, None)), form()])
def test_one_goes_back_to_those_of_everybody(client, institution, sent):
    keep(client, institution, form(Preset("1", "Liver", 60, 160)))
    keep(client, institution, sent)
    assert presets_of(institution) == CT_PRESETS
    assert not WindowPreset.objects.exists()
    assert events() == ["institution_changed"] * 2


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"key_1-window_width": "0"}, "A width is more than 0."),
        ({"key_1-window_width": "-5"}, "A width is more than 0."),
        ({"key_1-window_width": "inf"}, "Enter a number."),
        ({"key_1-window_center": "nan"}, "Enter a number."),
        ({"key_1-window_width": "1e300"}, "less than or equal to 100000"),
        ({"key_1-window_center": "-1e300"}, "greater than or equal to -100000"),
        ({"key_1-window_center": "x"}, "Enter a number."),
        ({"key_1-window_center": ""}, "Give centre and width, or neither"),
        ({"key_1-name": ""}, "Give this window a name."),
        ({"key_1-name": "x" * 25}, "at most 24 characters"),
        ({"key_1-name": "a\x07b"}, "Write the name with letters and digits."),
        ({"key_1-name": "a\x00b"}, "Null characters are not allowed."),
    ],
)
def test_what_is_no_window_is_said_where_it_stands_and_changes_nothing(client, institution, changes, said):
    answer = keep(client, institution, form(**changes))
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not WindowPreset.objects.exists()
    assert events() == []


def test_a_hostile_name_stays_text(client, institution):
    keep(client, institution, form(Preset("1", "<script>x</script>", 1, 2)))
    assert "<script>x" not in client.get(PAGE).content.decode()
    assert presets_of(institution)[0].name == "<script>x</script>"


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.INSTITUTION_ADMINISTRATOR])
def test_to_other_roles_there_is_nothing(client, membership, role):
    client.force_login(MembershipFactory(institution=membership.institution, role=role).user)
    assert client.get(PAGE).status_code == 404
    assert keep(client, membership.institution, form(Preset("1", "Liver", 60, 160))).status_code == 404
    assert not WindowPreset.objects.exists()
    assert events() == ["access_denied"] * 2


@pytest.mark.parametrize("sent", [form(Preset("1", "Liver", 60, 160)), {"key_1-name": "x" * 99}, {"reset": "1"}])
def test_another_institutions_administrator_changes_nothing(client, membership, sent):
    client.force_login(MembershipFactory(role=Role.INSTITUTION_ADMINISTRATOR).user)
    assert keep(client, membership.institution, sent).status_code == 404
    assert membership.institution.name not in client.get(PAGE).content.decode()
    assert not WindowPreset.objects.exists()
    assert events() == ["access_denied"]


def test_somebody_signed_out_is_led_to_sign_in(client, membership):
    assert client.get(PAGE)["Location"] == f"/accounts/login/?next={PAGE}"
    assert keep(client, membership.institution, form())["Location"].startswith("/accounts/login/?next=")


def test_the_viewer_offers_those_of_the_institution_that_holds_the_study(client):
    study = make_patient_study()
    WindowPreset.objects.create(
        institution=study.server.institution, key="4", name="Liver", window_center=60, window_width=160
    )
    elsewhere = radiologist_of(MembershipFactory().institution)
    for person in (radiologist_of(study.server.institution), GrantFactory(study=study, user=elsewhere).user):
        client.force_login(person)
        html = client.get(f"/viewer/{study.study_instance_uid}/").content.decode()
        config = json.loads(re.search(r'<script id="viewer-config" type="application/json">(.*?)</script>', html)[1])
        assert config["presets"] == [{"key": "4", "name": "Liver", "window_center": 60, "window_width": 160}]


@pytest.mark.parametrize(
    "row",
    [
        {"key": "x"},
        {"key": ""},
        {"name": ""},
        {"window_width": 0},
        {"window_width": -1},
        {"window_width": float("inf")},
        {"window_width": float("nan")},
        {"window_center": float("-inf")},
        {"window_center": float("nan")},
        {"window_center": None},
        {"window_width": None},
    ],
)
def test_the_database_keeps_no_preset_that_is_none(row):
    institution = MembershipFactory().institution
    values = {"key": "1", "name": "Liver", "window_center": 60.0, "window_width": 160.0, **row}
    with pytest.raises(IntegrityError), transaction.atomic():
        WindowPreset.objects.create(institution=institution, **values)


def test_a_key_has_one_preset():
    institution = MembershipFactory().institution
    WindowPreset.objects.create(institution=institution, key="1", name="Liver")
    with pytest.raises(IntegrityError), transaction.atomic():
        WindowPreset.objects.create(institution=institution, key="1", name="Spleen")
