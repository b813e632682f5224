"""A study in a few words."""

from datetime import date

import pytest

from audit.subjects import study_summary


@pytest.mark.parametrize(
    ("modalities", "study_date", "what", "words"),
    [
        (["CT"], date(2026, 11, 20), ["CHEST", "ABDOMEN"], "CT 20 Nov 2026, chest, abdomen"),
        (["PT", "CT", "CT"], date(2026, 1, 11), [], "PT CT 11 Jan 2026"),
        (["MR"], None, ["Knee left"], "MR, Knee left"),
        ([], date(2026, 5, 3), ["", "CHEST", "chest"], "3 May 2026, chest"),
        ([], None, [], ""),
    ],
)
def test_study_is_summarised(modalities, study_date, what, words):
    assert study_summary(modalities, study_date, what) == words
