"""Addresses for programs, below /api/v1/."""

from django.urls import path

from portal.orders import api

app_name = "orders_api"
urlpatterns = [
    path("orders/", api.OrderListView.as_view(), name="orders"),
    path("orders/<uuid:order_id>/", api.OrderDetailView.as_view(), name="order"),
    path("orders/<uuid:order_id>/cancel/", api.CancelOrderView.as_view(), name="cancel_order"),
]
