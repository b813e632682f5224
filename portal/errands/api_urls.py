"""Addresses of errands for programs, below /api/v1/."""

from django.urls import path

from portal.errands import api

app_name = "errands_api"
urlpatterns = [path("servers/<uuid:server_id>/errands/", api.ErrandView.as_view(), name="errands")]
