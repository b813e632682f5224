"""The JSON that an errand sends, and the JSON that it is answered with."""

from typing import Any, Final, TypeVar

from django.http import HttpRequest, JsonResponse
from pydantic import BaseModel, ValidationError

from dicomserver.dicomweb.problems import Refused, invalid
from wire import problems

JSON: Final = "application/json"
MAX_BYTES: Final = 64 * 1024

ModelT = TypeVar("ModelT", bound=BaseModel)


def body_as(request: HttpRequest, model: type[ModelT]) -> ModelT:
    """The request's body. Raises Refused; the detail names fields, never their values."""
    if request.content_type != JSON:
        raise Refused(415, problems.MEDIA_TYPE_UNSUPPORTED, "JSON needed", f"Send what you ask for as {JSON}.")
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not (length.isascii() and length.isdigit()) or int(length) > MAX_BYTES:
        raise Refused(413, problems.BODY_TOO_LARGE, "Too large", f"What you ask for has at most {MAX_BYTES} bytes.")
    try:
        return model.model_validate_json(request.body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise invalid(f"{place}: {first['msg']}"[:300] if place else str(first["msg"])[:300]) from error


def answer(document: dict[str, Any], *, status: int = 200, location: str = "") -> JsonResponse:
    """The document as JSON."""
    response = JsonResponse(document, status=status)
    if location:
        response.headers["Location"] = location
    return response
