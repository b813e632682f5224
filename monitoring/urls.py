"""Addresses of heartbeats, the console, health and metrics."""

from django.urls import path

from monitoring import views
from wire import routes

urlpatterns = [
    path(routes.HEARTBEATS.lstrip("/"), views.HeartbeatsView.as_view(), name="heartbeats"),
    path("monitoring/", views.console, name="console"),
    path("health/live", views.live, name="health_live"),
    path("health/ready", views.ready, name="health_ready"),
    path("metrics", views.metrics, name="metrics"),
]
