"""Addresses of a patient's own data for programs, below /api/v1/."""

from django.urls import path

from portal.patients import api

app_name = "patients_api"
urlpatterns = [
    path("me/images/", api.OwnImagesView.as_view(), name="images"),
    path("me/looks/", api.OwnLooksView.as_view(), name="looks"),
]
