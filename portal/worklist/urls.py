"""Addresses of the list and of studies."""

from django.urls import path

from portal.studies.converters import STUDY
from portal.worklist import views

app_name = "worklist"
urlpatterns = [
    path("worklist/", views.worklist, name="list"),
    path("worklist/new/", views.new_studies, name="new"),
    path(f"worklist/panel/{STUDY}/", views.panel, name="panel"),
    path(f"studies/{STUDY}/", views.study, name="study"),
    path(f"studies/{STUDY}/access/", views.give_access, name="give_access"),
    path("grants/<uuid:grant_id>/", views.grant, name="grant"),
    path("access/<uuid:grant_id>/revoke/", views.revoke_access, name="revoke_access"),
]
