"""Why a mark cannot be kept, changed or taken away."""

from viewer.marks.models import Mark


class StudyHidden(Exception):
    """The policy opens no such study to the person."""


class ReportNotAllowed(Exception):
    """The person may see the study, and not make marks on it."""


class NotYourMark(Exception):
    """The mark is somebody else's; it can be copied, not changed."""


class NoSuchMark(Exception):
    """There is no mark of this number on the study."""


class ChangedMeanwhile(Exception):
    """The change is based on another version than the newest; `current` is the mark as it is now."""

    def __init__(self, current: Mark) -> None:
        super().__init__()
        self.current = current


class TooManyMarks(Exception):
    """More marks of one person on one study, or changes of one mark, than anybody draws."""
