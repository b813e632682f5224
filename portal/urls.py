"""Every address of the portal; what stands above the portal is named by text, never imported."""

from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView
from rest_framework.permissions import IsAuthenticated

urlpatterns = [
    path("", include("portal.accounts.urls")),
    path("", include("portal.institutions.urls")),
    path("oidc/", include("portal.institutions.national_urls")),
    path("", include("portal.single_sign_on.urls")),
    path("", include("portal.invitations.urls")),
    path("", include("portal.consultations.urls")),
    path("", include("portal.sharing.urls")),
    path("", include("portal.access.urls")),
    path("", include("portal.errands.urls")),
    path("", include("portal.orders.urls")),
    path("", include("portal.patients.urls")),
    path("", include("portal.intake.urls")),
    path("", include("portal.worklist.urls")),
    path("", include("viewer.urls")),
    path("", include("monitoring.urls")),
    path("audit/", include("audit.urls")),
    path("api/v1/", include("portal.accounts.api_urls")),
    path("api/v1/", include("portal.institutions.api_urls")),
    path("api/v1/", include("portal.single_sign_on.api_urls")),
    path("api/v1/", include("portal.invitations.api_urls")),
    path("api/v1/", include("portal.consultations.api_urls")),
    path("api/v1/", include("portal.sharing.api_urls")),
    path("api/v1/", include("portal.access.api_urls")),
    path("api/v1/", include("portal.errands.api_urls")),
    path("api/v1/", include("portal.orders.api_urls")),
    path("api/v1/", include("portal.patients.api_urls")),
    path("api/v1/", include("portal.worklist.api_urls")),
    path("api/v1/", include("portal.grants.api_urls")),
    path("api/v1/", include("viewer.api_urls")),
    path("api/v1/", include("audit.api_urls")),
    path("api/v1/schema/", SpectacularAPIView.as_view(permission_classes=[IsAuthenticated]), name="schema"),
]

handler400 = "portal.accounts.views.bad_request"
handler404 = "portal.accounts.views.not_found"
handler500 = "portal.accounts.views.server_error"
