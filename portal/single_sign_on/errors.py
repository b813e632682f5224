"""Why a provider or a sign-in by one is refused; each says what to do and carries a stable code."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class SignInRefused(Exception):
    """The provider knows the person, the portal does not let them in by it. `code` goes into the audit."""

    code = "refused"
    words: str | Promise = _("Your institution's sign-in did not work. Ask your administrator.")

    def __init__(self, code: str = "") -> None:
        super().__init__(str(self.words))
        self.code = code or self.code


class AddressNotVouchedFor(SignInRefused):
    """No verified e-mail address, or one of a domain that is not the provider's."""

    code = "address_not_of_this_institution"
    words = _("Your institution's sign-in gave an address that is not of this institution. Ask your administrator.")


class NoRoleGiven(SignInRefused):
    """No claim gives a role, and the person holds none."""

    code = "no_role"
    words = _("Your institution's sign-in gives you no role here. Ask your administrator.")


class AccountExists(SignInRefused):
    """Somebody has this address already; an address alone connects nobody."""

    code = "account_exists"
    words = _(
        "There is an account with your address already. Sign in as before, "
        "or ask your administrator to connect the two."
    )


class ProviderRefused(Exception):
    """What an administrator wants of a provider breaks a rule. `field` names what is wrong."""

    def __init__(self, field: str, words: str | Promise) -> None:
        super().__init__(str(words))
        self.field = field


class NotYourProvider(Exception):
    """The provider, institution or person is not the administrator's; to them it does not exist."""
