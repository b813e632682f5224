"""Address of the viewer."""

from django.urls import path

from portal.studies.converters import STUDY
from viewer import views

app_name = "viewer"
urlpatterns = [path(f"viewer/{STUDY}/", views.viewer, name="page")]
