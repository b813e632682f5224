"""Addresses of people and institutions for programs, below /api/v1/."""

from django.urls import path

from portal.institutions import api, me

_PERSON = "people/<uuid:person_id>/"

urlpatterns = [
    path("me/", me.MeView.as_view(), name="me"),
    path("people/", api.PersonListView.as_view(), name="api_people"),
    path(_PERSON, api.PersonDetailView.as_view(), name="api_person"),
    path(f"{_PERSON}memberships/", api.MembershipListView.as_view(), name="api_memberships"),
    path(f"{_PERSON}memberships/<int:membership_id>/", api.MembershipDetailView.as_view(), name="api_membership"),
    path(f"{_PERSON}suspend/", api.SuspendView.as_view(), name="api_suspend_person"),
    path(f"{_PERSON}resume/", api.ResumeView.as_view(), name="api_resume_person"),
    path(f"{_PERSON}account/suspend/", api.SuspendAccountView.as_view(), name="api_suspend_account"),
    path(f"{_PERSON}account/resume/", api.ResumeAccountView.as_view(), name="api_resume_account"),
    path("institutions/", api.InstitutionListView.as_view(), name="api_institutions"),
    path("institutions/<str:code>/", api.InstitutionDetailView.as_view(), name="api_institution"),
]
