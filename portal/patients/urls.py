"""Addresses of a patient's own pages."""

from django.urls import path

from portal.patients import views

app_name = "patients"
urlpatterns = [
    path("images/", views.images, name="images"),
    path("who-looked/", views.who_looked, name="who_looked"),
    path("help/", views.help_page, name="help"),
]
