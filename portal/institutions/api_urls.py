"""Addresses for programs, below /api/v1/."""

from django.urls import path

from portal.institutions import me

urlpatterns = [path("me/", me.MeView.as_view(), name="me")]
