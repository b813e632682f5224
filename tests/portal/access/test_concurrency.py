"""Deciding, opening and ruling at once, in transactions that really commit."""

from portal.access.errors import RequestDecided
from portal.access.services import approve_request, break_glass, decline_request
from portal.accounts.models import NationalIdentity
from portal.grants.models import Grant, GrantKind, IdentityRuling
from portal.grants.rulings import rule_on_description
from portal.institutions.models import Role
from tests.portal.access.factories import REASON, AccessRequestFactory, Scene
from tests.portal.grants.factories import actor_for, patient_person


def test_a_request_is_decided_by_one_of_those_who_decide_at_once(at_once):
    scene = Scene()
    for _ in range(3):
        request = AccessRequestFactory(study=scene.study)
        administrators = [scene.person(Role.INSTITUTION_ADMINISTRATOR) for _ in range(2)]

        def approve(who=administrators[0], request=request):
            try:
                approve_request(actor=actor_for(who), administrator=who, request_id=request.pk)
            except RequestDecided:
                return False
            return True

        def decline(who=administrators[1], request=request):
            try:
                decline_request(
                    actor=actor_for(who), administrator=who, request_id=request.pk, reason="Not your patient"
                )
            except RequestDecided:
                return False
            return True

        assert sorted(at_once(approve, decline, approve)) == [False, False, True]
        request.refresh_from_db()
        assert Grant.objects.filter(kind=GrantKind.REQUESTED, user=request.requester).count() == (
            request.state == "approved"
        )


def test_pressing_twice_opens_once(at_once):
    scene = Scene()

    def press():
        return break_glass(actor=actor_for(scene.doctor), person=scene.doctor, study=scene.study, reason=REASON).pk

    assert len(set(at_once(press, press, press, press))) == 1
    assert Grant.objects.filter(kind=GrantKind.BREAK_GLASS).count() == 1


def test_one_word_stands_on_a_description_however_many_speak_at_once(at_once):
    scene = Scene()
    identity = NationalIdentity.objects.get(user=patient_person())
    administrators = [scene.person(Role.INSTITUTION_ADMINISTRATOR) for _ in range(3)]

    def speak(who, is_the_bearer):
        return lambda: rule_on_description(
            actor=actor_for(who),
            administrator=who,
            identity=identity,
            patient_pk=scene.study.patient_id,
            is_the_bearer=is_the_bearer,
            reason="Compared with the passport",
        )

    at_once(*(speak(who, place % 2 == 0) for place, who in enumerate(administrators)))
    assert IdentityRuling.objects.count() == 3
    assert IdentityRuling.objects.filter(undone_at__isnull=True).count() == 1
