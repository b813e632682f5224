"""Addresses of share links for people."""

from django.urls import path

from portal.sharing import views
from portal.studies.converters import STUDY

app_name = "sharing"
urlpatterns = [
    path("sharing/", views.own_links, name="list"),
    path("sharing/links/<uuid:link_id>/revoke/", views.revoke, name="revoke"),
    path(f"studies/{STUDY}/share/", views.share, name="share"),
    path("share/<str:token>/", views.open_link, name="open"),
]
