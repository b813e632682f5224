"""Reading by POST: the token comes in a form (RFC 6750 2.2), so that a browser asks without a pre-flight."""

from typing import Final

from django.http import HttpRequest, QueryDict

from dicomserver.dicomweb.problems import Refused, invalid
from wire import problems

FORM: Final = "application/x-www-form-urlencoded"
TOKEN_FIELD: Final = "access_token"  # noqa: S105 - the field's name
# 64 frames under the longest UIDs take 5 kB, a token 2 kB.
MAX_FORM_BYTES: Final = 32 * 1024


def is_form(request: HttpRequest) -> bool:
    """Whether the request carries a form."""
    return request.method == "POST" and request.content_type == FORM


def form_of(request: HttpRequest) -> QueryDict:
    """The request's form. Raises Refused where it has none, or one too large to be read."""
    if not is_form(request):
        raise Refused(415, problems.MEDIA_TYPE_UNSUPPORTED, "Form needed", f"Send what you ask for as {FORM}.")
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not (length.isascii() and length.isdigit()) or int(length) > MAX_FORM_BYTES:
        raise Refused(413, problems.BODY_TOO_LARGE, "Too large", f"A form has at most {MAX_FORM_BYTES} bytes.")
    # Django keeps the body, so that the form can be read again; what is not UTF-8 becomes replacement characters.
    return QueryDict(request.body, encoding="utf-8")


def only_value(form: QueryDict, name: str) -> str | None:
    """The field's value; None where it is not there. Raises Refused where it is there more than once."""
    values = form.getlist(name)
    if len(values) > 1:
        raise invalid(f"The form has {name} more than once.")
    return values[0] if values else None
