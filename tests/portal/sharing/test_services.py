"""Making, opening, closing and revoking share links: what is given, what is kept, what is recorded."""

from datetime import timedelta

import pytest
from django.contrib.auth.hashers import check_password
from django.utils import timezone

from audit.actors import UnknownActor
from audit.models import Action, AuditEvent, Outcome
from portal.accounts.models import Kind, User
from portal.grants.errors import GrantEndsBeforeItBegins, MoreThanGiverHas, ShareNotAllowed
from portal.grants.models import Grant, GrantKind, Revocation
from portal.grants.policy import explain, visible_studies
from portal.grants.services import revoke_grant
from portal.institutions.models import Membership, Role
from portal.sharing.errors import LinkTooLong, LinkWithoutLabel, NotYourLink, TooManyUses
from portal.sharing.models import Closing, ShareLink, State
from portal.sharing.pins import digest_of, grouped, new_pin, typed_pin
from portal.sharing.selectors import share_link_at
from portal.sharing.services import (
    close_links_of_lost_access,
    make_share_link,
    open_share_link,
    revoke_share_link,
)
from tests.portal.grants.factories import (
    DOCTOR,
    GrantFactory,
    MembershipFactory,
    UserFactory,
    actor_for,
    doctor_of,
    make_name,
    make_patient_study,
    national_patient,
    patient_person,
    radiologist_of,
)
from tests.portal.sharing.factories import make_link, terms, wrong_pin

pytestmark = pytest.mark.django_db
SOMEBODY = UnknownActor(remote_address="192.0.2.7", request_id="r-1")


@pytest.fixture
def study():
    return make_patient_study()


def events(action) -> list[AuditEvent]:
    return list(AuditEvent.objects.filter(action=action).order_by("pk"))


def nothing_was_made() -> bool:
    return not (
        ShareLink.objects.exists()
        or Grant.objects.filter(kind=GrantKind.SHARE_LINK).exists()
        or User.objects.filter(kind=Kind.LINK_HOLDER).exists()
        or events(Action.SHARE_LINK_MADE)
    )


def test_a_link_opens_one_study_to_a_holder_of_its_own(study):
    other = make_patient_study(study.server)
    made = make_link(study=study, may_download=True)
    link, holder = made.link, made.link.holder
    assert list(visible_studies(holder)) == [study]
    assert not explain(holder, other).allowed
    assert explain(holder, study).permissions == ("view", "download")
    assert explain(holder, study).until == link.valid_until
    assert (link.grant.kind, link.grant.granted_by) == (GrantKind.SHARE_LINK, link.created_by)
    assert holder.kind == Kind.LINK_HOLDER
    assert holder.full_name == f"Holder of link {link.code}"
    assert holder.username == f"link-{link.pk}"
    assert not holder.has_usable_password()
    assert not Membership.objects.filter(user=holder).exists()


def test_view_only_is_what_a_link_gives_unless_asked(study):
    assert explain(make_link(study=study).link.holder, study).permissions == ("view",)


def test_neither_token_nor_pin_is_kept_in_the_clear():
    made = make_link()
    link = ShareLink.objects.get()
    assert link.token_digest == digest_of(made.token)
    assert check_password(made.pin, link.pin_hash)
    kept = " ".join(str(value) for value in vars(link).values())
    kept += " ".join(str(event.details) for event in AuditEvent.objects.all())
    assert made.token not in kept
    assert made.pin not in kept.replace(link.pin_hash, "").replace(link.token_digest, "").replace(str(link.pk), "")
    assert made.pin not in made.token
    assert share_link_at(made.token) == link
    assert share_link_at(made.token[:-1]) is None


def test_a_made_link_is_recorded_with_its_holder_and_terms(study):
    made = make_link(study=study)
    (event,) = events(Action.SHARE_LINK_MADE)
    assert event.actor_id == str(made.link.created_by.subject)
    assert event.study_instance_uid == study.study_instance_uid
    assert event.rule == "radiologist_of_institution"
    assert event.details["person_name"] == made.link.holder.full_name
    assert event.details["label"] == "for Dr. Rusu"
    assert event.details["permissions"] == ["view"]
    assert event.details["max_uses"] == 5
    assert not events(Action.GRANT_MADE)


def test_patients_and_their_doctors_share_too():
    study = make_patient_study(patient=national_patient())
    assert make_link(patient_person(), study).link.grant.study == study
    named = make_patient_study(referring_physician_name=make_name(DOCTOR))
    assert make_link(doctor_of(named.server.institution), named).link.grant.study == named


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"valid_until": timezone.now() - timedelta(days=9)}, GrantEndsBeforeItBegins),
        ({"valid_until": timezone.now() + timedelta(days=91)}, LinkTooLong),
        ({"max_uses": 0}, TooManyUses),
        ({"max_uses": 101}, TooManyUses),
        ({"label": "   "}, LinkWithoutLabel),
        ({"label": "x" * 81}, LinkWithoutLabel),
    ],
)
def test_terms_beyond_the_bounds_make_nothing(changes, error):
    with pytest.raises(error):
        make_link(**changes)
    assert nothing_was_made()


def test_a_link_gives_no_right_that_its_maker_lacks(study):
    own = GrantFactory(study=study, permissions=["view", "share"])
    with pytest.raises(MoreThanGiverHas):
        make_link(own.user, study, may_download=True, valid_until=timezone.now() + timedelta(days=1))
    assert nothing_was_made()


def test_a_link_never_outlasts_the_access_of_its_maker(study):
    own = GrantFactory(study=study, permissions=["view", "share"])
    with pytest.raises(MoreThanGiverHas):
        make_link(own.user, study, valid_until=own.valid_until + timedelta(seconds=1))
    assert nothing_was_made()
    assert make_link(own.user, study, valid_until=own.valid_until).link.valid_until == own.valid_until


def test_who_may_not_share_makes_no_link(study):
    viewer = GrantFactory(study=study, permissions=["view", "download", "report"]).user
    administrator = MembershipFactory(institution=study.server.institution, role=Role.INSTITUTION_ADMINISTRATOR).user
    elsewhere = MembershipFactory(role=Role.RADIOLOGIST).user
    for person in (viewer, administrator, elsewhere, UserFactory()):
        with pytest.raises(ShareNotAllowed):
            make_link(person, study)
    assert nothing_was_made()


def test_the_holder_of_a_link_makes_none_whatever_the_grant_says(study):
    holder = make_link(study=study).link.holder
    Grant.objects.filter(user=holder).update(permissions=["view", "download", "share"])
    with pytest.raises(ShareNotAllowed):
        make_share_link(
            actor=actor_for(holder),
            maker=holder,
            study=study,
            terms=terms(valid_until=timezone.now() + timedelta(days=1)),
        )
    assert ShareLink.objects.count() == 1


def test_the_right_pin_counts_one_use_and_acts_as_the_holder(study):
    made = make_link(study=study)
    attempt = open_share_link(actor=SOMEBODY, link_id=made.link.pk, pin=made.pin)
    assert attempt.opened == made.link
    link = ShareLink.objects.get()
    assert (link.uses, link.failed) == (1, 0)
    assert link.last_used_at is not None
    (event,) = events(Action.SHARE_LINK_OPENED)
    assert event.actor_id == str(link.holder.subject)
    assert (event.actor_name, event.actor_role) == (link.holder.full_name, "link_holder")
    assert (event.remote_address, event.request_id) == ("192.0.2.7", "r-1")
    assert event.outcome == Outcome.ALLOWED
    assert event.study_instance_uid == study.study_instance_uid


def test_a_link_opens_as_often_as_its_maker_said_and_no_more():
    made = make_link(max_uses=2)
    assert all(open_share_link(actor=SOMEBODY, link_id=made.link.pk, pin=made.pin).opened for _ in range(2))
    assert open_share_link(actor=SOMEBODY, link_id=made.link.pk, pin=made.pin) is None
    link = ShareLink.objects.get()
    assert (link.uses, link.state_at(timezone.now())) == (2, State.USED_UP)
    assert link.runs_at(timezone.now())
    assert len(events(Action.SHARE_LINK_OPENED)) == 2


def test_five_wrong_pins_close_the_link_for_ever(study):
    made = make_link(study=study)
    wrong = wrong_pin(made.pin)
    left = [open_share_link(actor=SOMEBODY, link_id=made.link.pk, pin=wrong).tries_left for _ in range(5)]
    assert left == [4, 3, 2, 1, 0]
    link = ShareLink.objects.get()
    assert (link.failed, link.uses, link.closed_reason) == (5, 0, Closing.WRONG_PIN)
    assert open_share_link(actor=SOMEBODY, link_id=made.link.pk, pin=made.pin) is None
    assert not explain(link.holder, study).allowed
    tried = events(Action.SHARE_LINK_PIN_WRONG)
    assert [event.details["tries"] for event in tried] == [1, 2, 3, 4, 5]
    assert {(event.outcome, event.actor_role) for event in tried} == {(Outcome.DENIED, "not_signed_in")}
    (closed,) = events(Action.SHARE_LINK_CLOSED)
    assert (closed.actor_role, closed.details["reason"]) == ("system", "wrong_pin")
    assert not events(Action.SHARE_LINK_OPENED)


def test_right_pins_take_no_wrong_one_back():
    made = make_link()
    wrong = wrong_pin(made.pin)
    for _ in range(2):
        open_share_link(actor=SOMEBODY, link_id=made.link.pk, pin=wrong)
        open_share_link(actor=SOMEBODY, link_id=made.link.pk, pin=made.pin)
    assert ShareLink.objects.get().failed == 2


def test_an_expired_link_opens_no_more(time_machine):
    time_machine.move_to(timezone.now())
    made = make_link()
    time_machine.shift(timedelta(days=7, seconds=1))
    assert open_share_link(actor=SOMEBODY, link_id=made.link.pk, pin=made.pin) is None
    assert ShareLink.objects.get().state_at(timezone.now()) == State.EXPIRED


def test_revoking_ends_link_access_and_tokens(study):
    made = make_link(study=study)
    maker = made.link.created_by
    revoke_share_link(actor=actor_for(maker), revoker=maker, link_id=made.link.pk)
    link = ShareLink.objects.get()
    assert link.state_at(timezone.now()) == State.REVOKED
    assert not link.runs_at(timezone.now())
    assert not explain(link.holder, study).allowed
    told = Revocation.objects.get()
    assert (told.server, told.subject, told.study_instance_uid) == (
        study.server,
        link.holder.subject,
        study.study_instance_uid,
    )
    assert link.grant.revoked_by == maker
    assert open_share_link(actor=SOMEBODY, link_id=link.pk, pin=made.pin) is None
    revoke_share_link(actor=actor_for(maker), revoker=maker, link_id=made.link.pk)
    (event,) = events(Action.SHARE_LINK_REVOKED)
    assert event.details["person_name"] == link.holder.full_name
    assert not events(Action.GRANT_REVOKED)


def test_administrators_of_the_owner_revoke_and_nobody_else(study):
    made = make_link(study=study)
    others = [
        UserFactory(),
        radiologist_of(study.server.institution),
        MembershipFactory(role=Role.INSTITUTION_ADMINISTRATOR).user,
        made.link.holder,
    ]
    for person in others:
        with pytest.raises(NotYourLink):
            revoke_share_link(actor=actor_for(person), revoker=person, link_id=made.link.pk)
    assert ShareLink.objects.get().opens_at(timezone.now())
    assert not Revocation.objects.exists()
    administrator = MembershipFactory(institution=study.server.institution, role=Role.INSTITUTION_ADMINISTRATOR).user
    revoke_share_link(actor=actor_for(administrator), revoker=administrator, link_id=made.link.pk)
    assert not ShareLink.objects.get().opens_at(timezone.now())


def test_revoking_the_grant_of_a_link_ends_the_link(study):
    made = make_link(study=study)
    maker = made.link.created_by
    revoke_grant(actor=actor_for(maker), revoker=maker, grant_id=made.link.grant_id)
    assert ShareLink.objects.get().state_at(timezone.now()) == State.REVOKED
    assert open_share_link(actor=SOMEBODY, link_id=made.link.pk, pin=made.pin) is None


def test_a_link_ends_with_the_grant_by_which_it_was_made(study):
    own = GrantFactory(study=study, permissions=["view", "share"])
    made = make_link(own.user, study, valid_until=timezone.now() + timedelta(days=1))
    revoke_grant(actor=actor_for(own.granted_by), revoker=own.granted_by, grant_id=own.pk)
    assert not explain(made.link.holder, study).allowed
    assert Revocation.objects.filter(subject=made.link.holder.subject).count() == 1
    link = ShareLink.objects.get()
    assert (link.state_at(timezone.now()), link.why_ended) == (State.CLOSED, Closing.ACCESS_LOST)


def test_a_link_does_not_open_once_its_maker_left_the_role(study):
    made = make_link(study=study)
    Membership.objects.filter(user=made.link.created_by).update(ended_at=timezone.now())
    assert open_share_link(actor=SOMEBODY, link_id=made.link.pk, pin=made.pin) is None
    link = ShareLink.objects.get()
    assert (link.uses, link.closed_reason) == (0, Closing.ACCESS_LOST)
    assert not explain(link.holder, study).allowed
    (event,) = events(Action.SHARE_LINK_CLOSED)
    assert event.details["reason"] == "access_lost"


def test_links_in_use_are_closed_when_their_maker_loses_the_access(study, time_machine):
    time_machine.move_to(timezone.now())
    used, kept, unused = (make_link(study=study) for _ in range(3))
    for made in (used, kept):
        open_share_link(actor=SOMEBODY, link_id=made.link.pk, pin=made.pin)
    Membership.objects.filter(user__in=[used.link.created_by, unused.link.created_by]).update(ended_at=timezone.now())
    assert close_links_of_lost_access() == 1
    assert close_links_of_lost_access() == 0
    assert [event.details["link_id"] for event in events(Action.SHARE_LINK_CLOSED)] == [str(used.link.pk)]
    assert Revocation.objects.get().subject == used.link.holder.subject
    assert explain(kept.link.holder, study).allowed


def test_pins_are_six_random_digits_read_out_in_groups():
    pins = {new_pin() for _ in range(50)}
    assert all(len(pin) == 6 and pin.isdigit() for pin in pins)
    assert len(pins) > 45
    assert grouped("482917") == "4829 17"


@pytest.mark.parametrize("text", ["482917", " 4829 17 ", "48-29-17", "4829\u00a017", "4 8 2 9 1 7"])
def test_a_pin_is_read_however_it_was_typed(text):
    assert typed_pin(text) == "482917"


@pytest.mark.parametrize("text", ["", "48291", "4829170", "48291x", "٤٨٢٩١٧", "4" * 10_000, "\x00" * 6])
def test_what_cannot_be_a_pin_is_none(text):
    assert typed_pin(text) is None
