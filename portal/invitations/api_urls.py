"""Addresses of invitations for programs, below /api/v1/."""

from django.urls import path

from portal.invitations import api

urlpatterns = [
    path("invitations/", api.InvitationListView.as_view(), name="api_invitations"),
    path("invitations/<uuid:invitation_id>/", api.InvitationDetailView.as_view(), name="api_invitation"),
    path("invitations/<uuid:invitation_id>/resend/", api.ResendView.as_view(), name="api_resend_invitation"),
]
