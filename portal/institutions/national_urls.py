"""Addresses of the national sign-in, under the names of mozilla-django-oidc."""

from django.urls import path

from portal.accounts.oidc_views import NationalSignIn, NationalSignOut
from portal.institutions.national_views import PatientCallback

urlpatterns = [
    path("authenticate/", NationalSignIn.as_view(), name="oidc_authentication_init"),
    path("callback/", PatientCallback.as_view(), name="oidc_authentication_callback"),
    path("logout/", NationalSignOut.as_view(), name="oidc_logout"),
]
