"""Tests of `viewer`, its Django side."""
