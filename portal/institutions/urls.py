"""Addresses of the home, the hats, the people and the settings of institutions."""

from django.urls import path

from portal.institutions import people_views, settings_views, views

urlpatterns = [
    path("", views.home, name="home"),
    path("hat/", views.switch_hat, name="switch_hat"),
    path("people/", people_views.people, name="people"),
    path("people/<int:person_pk>/roles/", people_views.give_role, name="give_role"),
    path("people/<int:person_pk>/national-id/", people_views.set_national_id, name="set_national_id"),
    path("people/<int:person_pk>/suspend/", people_views.suspend_person, name="suspend_person"),
    path("people/<int:person_pk>/resume/", people_views.resume_person, name="resume_person"),
    path("people/<int:person_pk>/remove/", people_views.remove_person, name="remove_person"),
    path("people/<int:person_pk>/account/suspend/", people_views.suspend_account, name="suspend_account"),
    path("people/<int:person_pk>/account/resume/", people_views.resume_account, name="resume_account"),
    path("people/roles/<int:membership_pk>/end/", people_views.end_role, name="end_role"),
    path("people/roles/<int:membership_pk>/aliases/", people_views.add_alias, name="add_physician_alias"),
    path("settings/", settings_views.institution_settings, name="institution_settings"),
    path("settings/<int:institution_pk>/", settings_views.change_settings, name="change_institution_settings"),
]
