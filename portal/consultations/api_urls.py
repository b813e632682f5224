"""Addresses for programs, below /api/v1/."""

from django.urls import path

from portal.consultations import api
from portal.studies.converters import STUDY

app_name = "consultations_api"
urlpatterns = [
    path("consultations/", api.ConsultationListView.as_view(), name="consultations"),
    path("consultations/<uuid:consultation_id>/", api.ConsultationDetailView.as_view(), name="consultation"),
    path("consultations/<uuid:consultation_id>/answer/", api.AnswerView.as_view(), name="answer"),
    path("consultations/<uuid:consultation_id>/withdraw/", api.WithdrawView.as_view(), name="withdraw"),
    path(f"studies/{STUDY}/findings/", api.FindingListView.as_view(), name="findings"),
]
