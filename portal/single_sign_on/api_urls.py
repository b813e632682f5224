"""Addresses of identity providers for programs, below /api/v1/."""

from django.urls import path

from portal.single_sign_on import api

urlpatterns = [
    path("identity-providers/", api.ProviderListView.as_view(), name="api_identity_providers"),
    path("identity-providers/<int:pk>/", api.ProviderDetailView.as_view(), name="api_identity_provider"),
]
