"""Addresses of orders for people."""

from django.urls import path

from portal.orders import pages

app_name = "orders"
urlpatterns = [
    path("orders/", pages.order_list, name="list"),
    path("orders/<uuid:order_id>/", pages.order_page_of, name="order"),
    path("orders/<uuid:order_id>/cancel/", pages.cancel, name="cancel"),
]
