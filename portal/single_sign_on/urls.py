"""Addresses of sign-in by an institution's provider, and of its settings."""

from django.urls import path

from portal.single_sign_on import pages, views

urlpatterns = [
    path("accounts/oidc/<slug:provider_id>/login/", views.start, name="openid_connect_login"),
    path("accounts/oidc/<slug:provider_id>/login/callback/", views.finish, name="openid_connect_callback"),
    path("settings/identity-providers/", pages.providers, name="identity_providers"),
    path("settings/identity-providers/new/", pages.new_provider, name="new_identity_provider"),
    path("settings/identity-providers/<int:pk>/", pages.edit_provider, name="identity_provider"),
    path("settings/identity-providers/<int:pk>/connect/", pages.connect, name="connect_to_identity_provider"),
]
