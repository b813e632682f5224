"""Addresses of invitations for people."""

from django.urls import path

from portal.invitations import views

urlpatterns = [
    path("invitations/accept/", views.accept_invitation, name="accept_invitation"),
    path("invitations/<str:token>/", views.invitation_page, name="invitation"),
    path("people/invitations/", views.invite, name="invite_person"),
    path("people/invitations/<uuid:invitation_id>/resend/", views.resend, name="resend_invitation"),
    path("people/invitations/<uuid:invitation_id>/withdraw/", views.withdraw, name="withdraw_invitation"),
]
