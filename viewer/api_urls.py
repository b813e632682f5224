"""Addresses of the viewer for programs, below /api/v1/."""

from django.urls import path

from portal.studies.converters import STUDY
from viewer import api

app_name = "viewer_api"
urlpatterns = [path(f"studies/{STUDY}/viewer-token/", api.ViewerTokenView.as_view(), name="token")]
