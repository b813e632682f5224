"""How a failure is told to the caller: RFC 9457 problem details with a stable code."""

# ruff: noqa: S105  (the codes about tokens are no passwords)

from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

CONTENT_TYPE: Final = "application/problem+json"

BODY_TOO_LARGE: Final = "body_too_large"
MESSAGE_INVALID: Final = "message_invalid"
MESSAGE_FOR_ANOTHER_SERVER: Final = "message_for_another_server"
MESSAGE_REPLAYED: Final = "message_replayed"
CREDENTIAL_MISSING: Final = "credential_missing"
CREDENTIAL_INVALID: Final = "credential_invalid"
CREDENTIAL_EXPIRED: Final = "credential_expired"
SERVER_UNKNOWN: Final = "server_unknown"
ENROLMENT_CODE_INVALID: Final = "enrolment_code_invalid"
TOKEN_MISSING: Final = "token_missing"
TOKEN_INVALID: Final = "token_invalid"
TOKEN_EXPIRED: Final = "token_expired"
TOKEN_FOR_ANOTHER_SERVER: Final = "token_for_another_server"
TOKEN_FOR_ANOTHER_STUDY: Final = "token_for_another_study"
TOKEN_REVOKED: Final = "token_revoked"
TOKEN_WITHOUT_PERMISSION: Final = "token_without_permission"
TOKEN_USED: Final = "token_used"
NOT_FOUND: Final = "not_found"
NOT_SIGNED_IN: Final = "not_signed_in"
NOT_ALLOWED: Final = "not_allowed"
NOT_ACCEPTABLE: Final = "not_acceptable"
MEDIA_TYPE_UNSUPPORTED: Final = "media_type_unsupported"
METHOD_NOT_ALLOWED: Final = "method_not_allowed"
REQUEST_INVALID: Final = "request_invalid"
TOO_MANY_REQUESTS: Final = "too_many_requests"
OUT_OF_RESOURCES: Final = "out_of_resources"
UNAVAILABLE: Final = "unavailable"
INTERNAL: Final = "internal"


class Problem(BaseModel):
    """One failure: `code` is for programs and never changes, `title` and `detail` are for people.

    Never holds patient data. A reader passes over members that it does not know (RFC 9457 3.2).
    """

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore", hide_input_in_errors=True)

    type: Annotated[str, Field(max_length=2048)] = "about:blank"
    title: Annotated[str, Field(min_length=1, max_length=256)]
    status: Annotated[int, Field(ge=400, le=599)]
    detail: Annotated[str, Field(max_length=2048)] = ""
    code: Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[a-z][a-z0-9_]*$")]
