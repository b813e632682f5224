"""An errand token is for one kind of work at one server for minutes, and no viewer token passes for it."""

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from tests.wire import test_tokens as viewer_tokens
from wire import tokens
from wire.claims import TokenExpired, TokenForAnotherServer, TokenInvalid
from wire.errands import ERRANDS, TYPE, issue, new_claims, verify
from wire.keys import generate_key

NOW = datetime(2026, 11, 21, 8, 0, 0, tzinfo=UTC)
SERVER, KEY, KID, KEYS = viewer_tokens.SERVER, viewer_tokens.KEY, viewer_tokens.KID, viewer_tokens.KEYS


def claims(**changes):
    values = {"iss": "portal", "aud": SERVER, "sub": "elena", "sid": "s", "errand": "upload", "now": NOW}
    return new_claims(**(values | changes))


@pytest.mark.parametrize("errand", ERRANDS)
def test_good_token_gives_its_claims(errand):
    given = claims(errand=errand, study_instance_uid="1.2.3")
    read = verify(issue(given, KEY, KID), KEYS, SERVER, NOW)
    assert read == given
    assert (read.errand, read.study_instance_uid) == (errand, "1.2.3")
    assert read.expires_at == NOW + timedelta(minutes=5)


def test_a_study_is_left_out_where_there_is_none():
    assert "study_instance_uid" not in claims().model_dump()
    assert verify(issue(claims(), KEY, KID), KEYS, SERVER, NOW).study_instance_uid is None


def test_nothing_is_deleted_without_a_study():
    with pytest.raises(ValidationError, match="the errand delete names no study"):
        claims(errand="delete")


def test_unknown_errand_cannot_be_made():
    with pytest.raises(ValidationError):
        claims(errand="everything")


def test_a_viewer_token_is_no_errand_token_and_the_other_way_round():
    viewer = tokens.issue(viewer_tokens.claims(now=NOW), KEY, KID)
    with pytest.raises(TokenInvalid):
        verify(viewer, KEYS, SERVER, NOW)
    with pytest.raises(TokenInvalid):
        tokens.verify(issue(claims(), KEY, KID), KEYS, SERVER, NOW)


def test_an_errand_signed_as_a_viewer_token_is_refused():
    dressed = viewer_tokens.signed(
        claims(study_instance_uid="1.2.3").model_dump(mode="json"),
        header={"alg": "EdDSA", "kid": KID, "typ": tokens.TYPE},
    )
    with pytest.raises(TokenInvalid):
        tokens.verify(dressed, KEYS, SERVER, NOW)
    with pytest.raises(TokenInvalid):
        verify(dressed, KEYS, SERVER, NOW)


@pytest.mark.parametrize(
    "changes", [{"errand": "x"}, {"errand": None}, {"study_instance_uid": "1.2.*"}, {"permissions": ["view"]}]
)
def test_claims_that_no_errand_token_has_are_refused(changes):
    content = claims().model_dump(mode="json") | changes
    token = viewer_tokens.signed(content, header={"alg": "EdDSA", "kid": KID, "typ": TYPE})
    with pytest.raises(TokenInvalid, match="not those of errand"):
        verify(token, KEYS, SERVER, NOW)


def test_it_ends_and_opens_no_other_server():
    token = issue(claims(), KEY, KID)
    with pytest.raises(TokenExpired) as late:
        verify(token, KEYS, SERVER, NOW + timedelta(minutes=5))
    assert late.value.claims.sub == "elena"
    with pytest.raises(TokenForAnotherServer):
        verify(token, KEYS, "another", NOW)
    with pytest.raises(TokenInvalid):
        verify(issue(claims(), generate_key(), KID), KEYS, SERVER, NOW)
    with pytest.raises(ValidationError, match="longer than five minutes"):
        claims(lifetime=timedelta(seconds=301))
