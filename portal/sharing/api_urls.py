"""Addresses of share links for programs, below /api/v1/."""

from django.urls import path

from portal.sharing import api

app_name = "sharing_api"
urlpatterns = [
    path("share-links/", api.ShareLinkListView.as_view(), name="links"),
    path("share-links/<uuid:link_id>/", api.ShareLinkDetailView.as_view(), name="link"),
]
