"""Addresses of the wire, but for heartbeats, which `monitoring` receives."""

from django.urls import path

from portal.intake import views
from wire import routes

urlpatterns = [
    path(routes.STUDY_REPORTS.lstrip("/"), views.StudyReportsView.as_view(), name="study_reports"),
    path(routes.ACCESS_EVENTS.lstrip("/"), views.AccessEventsView.as_view(), name="access_events"),
    path(routes.ORDERS.lstrip("/"), views.OrdersView.as_view(), name="wire_orders"),
    path(routes.ORDER_REPORTS.lstrip("/"), views.OrderReportsView.as_view(), name="order_reports"),
    path(routes.ENROLMENTS.lstrip("/"), views.EnrolmentsView.as_view(), name="enrolments"),
]
