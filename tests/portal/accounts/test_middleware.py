"""Each request has a number of our own making."""

from uuid import UUID

from django.http import HttpResponse
from django.test import RequestFactory

from portal.accounts.middleware import RequestIdMiddleware


def test_the_number_is_set_and_echoed() -> None:
    request = RequestFactory().get("/")
    seen = []

    def view(request):
        seen.append(request.request_id)
        return HttpResponse()

    response = RequestIdMiddleware(view)(request)
    assert response["X-Request-ID"] == str(seen[0])
    assert isinstance(seen[0], UUID)


def test_a_number_from_outside_is_not_believed() -> None:
    request = RequestFactory().get("/", headers={"X-Request-ID": "1; DROP TABLE"})
    response = RequestIdMiddleware(lambda request: HttpResponse())(request)
    assert UUID(response["X-Request-ID"]).version == 4
