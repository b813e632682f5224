"""What a session was proved with: a password, a passkey, an app, a code by e-mail, an identity provider."""

from typing import Final

from allauth.account.authentication import get_authentication_records
from django.contrib.auth import BACKEND_SESSION_KEY
from django.http import HttpRequest
from django.utils.module_loading import import_string

from portal.accounts.backends import LocalAccountBackend
from portal.accounts.models import User

PASSWORD: Final = "password"  # noqa: S105 - the name of the method
PASSKEY: Final = "passkey"
APP: Final = "app"
RECOVERY_CODE: Final = "recovery_code"
CODE_BY_EMAIL: Final = "code_by_email"
IDENTITY_PROVIDER: Final = "identity_provider"
SECOND_FACTORS: Final = frozenset({PASSKEY, APP, RECOVERY_CODE})
_OF_ALLAUTH: Final = {
    "password": PASSWORD,
    "code": CODE_BY_EMAIL,
    "socialaccount": IDENTITY_PROVIDER,
    "totp": APP,
    "webauthn": PASSKEY,
    "recovery_codes": RECOVERY_CODE,
}


def factors_of(request: HttpRequest, person: User) -> tuple[str, ...]:
    """Return what the person proved in this session, in the order of proof, each once."""
    records = get_authentication_records(request, person)
    proved = [_OF_ALLAUTH.get(str(record.get("type") or record.get("method"))) for record in records]
    if _came_by_another_backend(request):
        proved.append(IDENTITY_PROVIDER)
    return tuple(dict.fromkeys(filter(None, proved)))


def _came_by_another_backend(request: HttpRequest) -> bool:
    path = request.session.get(BACKEND_SESSION_KEY)
    return path is not None and not issubclass(import_string(path), LocalAccountBackend)
