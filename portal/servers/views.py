"""What every view that takes signed messages shares: who sent it, and the message, parsed strictly."""

from typing import TypeVar

from pydantic import BaseModel
from rest_framework import status
from rest_framework.request import Request
from rest_framework.views import APIView

from portal.accounts.problems import ProblemError
from portal.servers.authentication import IsSigningServer, SignedRequest, SigningServer
from portal.servers.bodies import bounded_body
from portal.servers.models import DicomServer
from wire.messages import MessageRefused, parse
from wire.problems import BODY_TOO_LARGE, MESSAGE_FOR_ANOTHER_SERVER
from wire.routes import MAX_BODY_BYTES

ModelT = TypeVar("ModelT", bound=BaseModel)


class SignedView(APIView):
    """Guard: a request that an enrolled DICOM Server signed, and nobody else."""

    authentication_classes = (SignedRequest,)
    permission_classes = (IsSigningServer,)
    throttle_classes = ()
    parser_classes = ()
    http_method_names = ["post"]
    schema = None


def signing_server(request: Request) -> DicomServer:
    """The server that signed the request to a SignedView."""
    signer: object = request.user
    if not isinstance(signer, SigningServer):
        raise TypeError("The view is not guarded by IsSigningServer.")
    return signer.server


def signed_message(request: Request, model: type[ModelT]) -> ModelT:
    """The message in the body, if it is the signer's own. Raises ProblemError 403, 413 or 422."""
    message = parsed(model, bounded_body(request._request, MAX_BODY_BYTES))  # noqa: SLF001 (read once, bounded)
    if getattr(message, "server_id", None) != signing_server(request).pk:
        raise ProblemError(status.HTTP_403_FORBIDDEN, MESSAGE_FOR_ANOTHER_SERVER)
    return message


def parsed(model: type[ModelT], body: bytes) -> ModelT:
    """The message that `body` holds. Raises ProblemError 413 or 422, which name fields and never values."""
    try:
        return parse(model, body)
    except MessageRefused as error:
        too_large = error.code == BODY_TOO_LARGE
        code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE if too_large else status.HTTP_422_UNPROCESSABLE_ENTITY
        raise ProblemError(code, error.code, error.detail) from error
