"""A portal that could not name its actors does not start."""

import pytest

from audit.checks import check_actor_source


@pytest.mark.parametrize("path", [None, "", "nowhere.actor_of", "portal.accounts.actors.absent", 7])
def test_wrong_source_of_actors_is_an_error(settings, path):
    settings.AUDIT_ACTOR_OF = path
    assert [message.id for message in check_actor_source(None)] == ["audit.E001"]


def test_source_of_the_portal_is_right():
    assert check_actor_source(None) == []
