"""Addresses of exceptional access for programs, below /api/v1/."""

from django.urls import path

from portal.access import api, conflict_api
from portal.studies.converters import STUDY

app_name = "access_api"
urlpatterns = [
    path(f"studies/{STUDY}/access/", api.StudyAccessView.as_view(), name="study_access"),
    path("break-glass/", api.BreakGlassView.as_view(), name="break_glass"),
    path("access-requests/", api.AccessRequestListView.as_view(), name="requests"),
    path("access-requests/<uuid:request_id>/", api.AccessRequestView.as_view(), name="request"),
    path("access-requests/<uuid:request_id>/approve/", api.ApproveView.as_view(), name="approve"),
    path("access-requests/<uuid:request_id>/decline/", api.DeclineView.as_view(), name="decline"),
    path("identity-conflicts/", conflict_api.ConflictListView.as_view(), name="conflicts"),
    path("identity-conflicts/<int:identity_pk>/", conflict_api.ConflictView.as_view(), name="conflict"),
    path(
        "identity-conflicts/<int:identity_pk>/descriptions/<int:patient_pk>/ruling/",
        conflict_api.RulingView.as_view(),
        name="ruling",
    ),
]
