"""Addresses of grants for programs, below /api/v1/."""

from django.urls import path

from portal.grants import api

app_name = "grants_api"
urlpatterns = [
    path("grants/", api.GrantListView.as_view(), name="grants"),
    path("grants/<uuid:grant_id>/", api.GrantDetailView.as_view(), name="grant"),
]
