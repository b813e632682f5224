"""What all messages have in common: strict, frozen, and how a body is read without leaking it.

Unknown fields. What a server sends is a `Message`: the portal refuses a field that it does not
know and stores nothing, so a portal is updated before its servers; until then the outbox keeps the
message and nothing is lost. What the portal answers is an `Answer`: an older server passes over
fields that it does not know. Either way adding an optional field is a minor change.
"""

from datetime import UTC, datetime
from typing import Annotated, Final, TypeVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from wire.problems import BODY_TOO_LARGE, MESSAGE_INVALID
from wire.routes import MAX_BODY_BYTES

MAX_INTEGER: Final = 2**31 - 1
MAX_LARGE_INTEGER: Final = 2**63 - 1
_MAX_DETAIL_LENGTH: Final = 300


def _in_utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("the date lies outside the years 1 to 9999 in UTC") from error


UtcDatetime = Annotated[AwareDatetime, AfterValidator(_in_utc)]
Count = Annotated[int, Field(ge=0, le=MAX_INTEGER)]
LargeCount = Annotated[int, Field(ge=0, le=MAX_LARGE_INTEGER)]


class Message(BaseModel):
    """What a DICOM Server sends, or a part of it: an unknown field is refused."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", hide_input_in_errors=True, allow_inf_nan=False)


class Answer(BaseModel):
    """What the portal answers, or a part of it: an unknown field is passed over."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore", hide_input_in_errors=True, allow_inf_nan=False)


class MessageRefused(Exception):
    """The body is no message of this contract. `detail` names fields, never their values."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


ModelT = TypeVar("ModelT", bound=BaseModel)


def parse(model: type[ModelT], body: bytes) -> ModelT:
    """The message that `body` (JSON in UTF-8) holds. Raises MessageRefused."""
    if len(body) > MAX_BODY_BYTES:
        raise MessageRefused(BODY_TOO_LARGE, f"The body has {len(body)} bytes, more than {MAX_BODY_BYTES}.")
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        raise MessageRefused(MESSAGE_INVALID, _first_reason(error)) from error


def body_of(message: BaseModel) -> bytes:
    """The bytes that travel for `message`: JSON in UTF-8."""
    return message.model_dump_json().encode()


def _first_reason(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    place = ".".join(str(part) for part in first["loc"]) or "body"
    return f"{place}: {first['msg']}"[:_MAX_DETAIL_LENGTH]
