"""Instances in the index, without a network."""

from tests.dicomserver.network import take_in

__all__ = ["take_in"]
