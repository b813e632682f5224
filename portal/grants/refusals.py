"""The one shape of what an act is refused with: a stable code, and words that say what to do."""

from django.utils.translation import gettext_lazy as _

from portal.grants.decisions import Words


class Refused(Exception):
    """What was asked for cannot be done; programs are told `code`, people `words`."""

    code = "refused"
    words: Words = _("This cannot be done.")

    def __str__(self) -> str:
        return str(self.words)
