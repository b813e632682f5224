"""Addresses of questions to consultants."""

from django.urls import path

from portal.consultations import views
from portal.studies.converters import STUDY

app_name = "consultations"
urlpatterns = [
    path(f"studies/{STUDY}/consult/", views.ask, name="ask"),
    path("questions/", views.questions, name="questions"),
    path("questions/<uuid:consultation_id>/", views.question, name="question"),
    path("questions/<uuid:consultation_id>/answer/", views.answer, name="answer"),
    path("questions/<uuid:consultation_id>/draft/", views.draft, name="draft"),
    path("questions/<uuid:consultation_id>/withdraw/", views.withdraw, name="withdraw"),
]
