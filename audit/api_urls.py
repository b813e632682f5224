"""The addresses of the log under /api/v1/."""

from django.urls import path

from audit.api import AuditEventList

urlpatterns = [path("audit-events/", AuditEventList.as_view(), name="audit-event-list")]
