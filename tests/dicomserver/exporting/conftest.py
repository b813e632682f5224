"""Instances taken in, for what is exported of them."""

from tests.dicomserver.network import take_in

__all__ = ["take_in"]
