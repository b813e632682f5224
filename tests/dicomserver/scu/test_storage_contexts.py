"""What a C-GET offers: never more than an association holds, and what is likely as it is stored."""

import pytest

from dicomserver.scu.getting import MAX_STORAGE_CONTEXTS
from dicomserver.scu.storage_contexts import COMMON, COMPRESSED_SYNTAXES, OTHERS, storage_contexts
from tests.dicomserver.objects import CT

PLAIN = ("1.2.840.10008.1.2.1", "1.2.840.10008.1.2")
MR = "1.2.840.10008.5.1.4.1.1.4"
KEY_OBJECTS = "1.2.840.10008.5.1.4.1.1.88.59"


def test_classes_that_are_known_are_offered_in_each_transfer_syntax_alone() -> None:
    offered = storage_contexts([CT, MR], ["US"])
    for uid in (CT, MR):
        syntaxes = [tuple(syntaxes) for one, syntaxes in offered if one == uid]
        assert syntaxes == [PLAIN, *((syntax,) for syntax in COMPRESSED_SYNTAXES)]
    assert (KEY_OBJECTS, PLAIN) in offered


def test_modalities_tell_where_classes_are_not_known() -> None:
    offered = storage_contexts([], ["CT", "SR"])
    assert offered[0] == (CT, PLAIN)
    assert (CT, ["1.2.840.10008.1.2.4.70"]) in offered


@pytest.mark.parametrize("modalities", [[], ["XYZ"], ["CT", "XYZ"], ["SR"]])
def test_where_nothing_is_known_the_common_is_offered_compressed_too(modalities: list[str]) -> None:
    offered = storage_contexts([], modalities)
    assert {uid for uid, _ in offered} == {*COMMON, *OTHERS}
    assert (CT, COMPRESSED_SYNTAXES) in offered


@pytest.mark.parametrize("known", [0, 1, 2, 5, 30, 63, 64, 127, 128, 400])
def test_there_are_never_more_than_an_association_holds(known: int) -> None:
    offered = storage_contexts([f"1.2.{number}" for number in range(known)], ["CT", "MR", "PT", "US"])
    assert len(offered) <= MAX_STORAGE_CONTEXTS
    assert len({uid for uid, _ in offered if uid.startswith("1.2.") and uid.count(".") == 2}) == min(known, 127)
