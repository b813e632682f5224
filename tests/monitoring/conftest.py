"""The tests of monitoring start from an empty Redis, as those of the portal do."""

from tests.portal.conftest import _empty_cache, at_once, committed_db

__all__ = ["_empty_cache", "at_once", "committed_db"]
