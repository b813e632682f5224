"""Addresses for programs, below /api/v1/."""

from django.urls import path

from portal.accounts import api

urlpatterns = [
    path("me/sessions/", api.SessionListView.as_view(), name="my_sessions"),
    path("me/sessions/<int:session_id>/", api.SessionDetailView.as_view(), name="my_session"),
    path("me/tokens/", api.ApiTokenListView.as_view(), name="my_tokens"),
    path("me/tokens/<uuid:token_id>/", api.ApiTokenDetailView.as_view(), name="my_token"),
]
