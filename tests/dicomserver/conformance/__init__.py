"""The conformance statement and its tables, as the code says them."""

from tests.demonstration import ROOT

STATEMENT = ROOT / "docs" / "conformance.md"
