"""Addresses of the home, the hats and the people."""

from django.urls import path

from portal.institutions import views

urlpatterns = [
    path("", views.home, name="home"),
    path("hat/", views.switch_hat, name="switch_hat"),
    path("people/", views.people, name="people"),
    path("people/<int:person_pk>/roles/", views.give_role, name="give_role"),
    path("people/<int:person_pk>/national-id/", views.set_national_id, name="set_national_id"),
    path("people/roles/<int:membership_pk>/end/", views.end_role, name="end_role"),
    path("people/roles/<int:membership_pk>/aliases/", views.add_alias, name="add_physician_alias"),
]
