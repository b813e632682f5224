"""What has ended is cleaned by the clock, what runs stays."""

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.db import IntegrityError
from django.utils import timezone
from knox.models import AuthToken

from portal.accounts.tasks import clear_ended_sign_ins_task
from tests.portal.accounts.factories import UserFactory


@pytest.mark.django_db
def test_ended_sessions_and_tokens_are_deleted() -> None:
    now = timezone.now()
    for key, end in (("ended", now - timedelta(seconds=1)), ("running", now + timedelta(hours=1))):
        Session.objects.create(session_key=key, session_data="", expire_date=end)
    person = UserFactory()
    running, _ = AuthToken.objects.create(person)
    AuthToken.objects.create(person, expiry=timedelta(seconds=-1))
    clear_ended_sign_ins_task.delay()
    assert list(Session.objects.values_list("session_key", flat=True)) == ["running"]
    assert list(AuthToken.objects.values_list("pk", flat=True)) == [running.pk]


@pytest.mark.django_db
def test_two_people_cannot_have_one_name_in_two_cases() -> None:
    UserFactory(username="Elena")
    with pytest.raises(IntegrityError):
        UserFactory(username="elena")
