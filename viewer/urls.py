"""Addresses of the viewer, and of what administrators set for it."""

from django.urls import path

from portal.studies.converters import STUDY
from viewer import views
from viewer.presets import views as presets_views

app_name = "viewer"
urlpatterns = [
    path(f"viewer/{STUDY}/", views.viewer, name="page"),
    path("settings/windows/", presets_views.presets, name="presets"),
    path("settings/windows/<int:institution_pk>/", presets_views.change, name="change_presets"),
]
