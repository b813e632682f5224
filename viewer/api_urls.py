"""Addresses of the viewer for programs, below /api/v1/."""

from django.urls import path

from portal.studies.converters import STUDY
from viewer import api
from viewer.marks import api as marks
from viewer.personal import api as personal

app_name = "viewer_api"
urlpatterns = [
    path(f"studies/{STUDY}/viewer-token/", api.ViewerTokenView.as_view(), name="token"),
    path(f"studies/{STUDY}/taken-out/", api.TakenOutView.as_view(), name="taken_out"),
    path(f"studies/{STUDY}/annotations/", marks.MarkListView.as_view(), name="marks"),
    path(f"studies/{STUDY}/annotations/<uuid:mark_id>/", marks.MarkView.as_view(), name="mark"),
    path(f"studies/{STUDY}/annotations/<uuid:mark_id>/versions/", marks.MarkVersionsView.as_view(), name="versions"),
    path("viewer/preferences/", personal.PreferencesView.as_view(), name="preferences"),
    path("viewer/hangings/", personal.HangingsView.as_view(), name="hangings"),
]
