"""The addresses of DICOMweb (PS3.18), health and metrics."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
