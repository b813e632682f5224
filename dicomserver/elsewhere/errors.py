"""Why a search or a retrieval cannot be begun; the message is for people."""


class ElsewhereError(Exception):
    """It cannot be begun now, or never."""


class NoSuchArchive(ElsewhereError):
    """None of the archives that are asked goes by this name."""


class NotFoundElsewhere(ElsewhereError):
    """There is no such search or retrieval, or it is somebody else's, or the search did not find the study there."""


class TooManySearches(ElsewhereError):
    """The person, or this server, has as many searches under way as there may be."""


class NothingToRepeat(ElsewhereError):
    """The retrieval goes on, or has done what it was to do."""
