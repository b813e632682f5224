"""Tests of the viewer share what tests of the portal share."""

from tests.portal.conftest import _empty_cache, at_once, committed_db

__all__ = ["_empty_cache", "at_once", "committed_db"]
