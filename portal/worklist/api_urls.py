"""Addresses of studies for programs, below /api/v1/."""

from django.urls import path

from portal.studies.converters import STUDY
from portal.worklist import api

app_name = "worklist_api"
urlpatterns = [
    path("studies/", api.StudyListView.as_view(), name="studies"),
    path(f"studies/{STUDY}/", api.StudyDetailView.as_view(), name="study"),
]
