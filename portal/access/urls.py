"""Addresses of break-glass, requests for access, and the administrators' oversight."""

from django.urls import path

from portal.access import break_glass_views, conflict_views, views
from portal.studies.converters import STUDY

app_name = "access"
urlpatterns = [
    path("break-glass/", break_glass_views.find, name="find"),
    path(f"break-glass/{STUDY}/", break_glass_views.open_study, name="open"),
    path(f"break-glass/{STUDY}/request/", break_glass_views.ask, name="ask"),
    path("break-glass/<uuid:grant_id>/close/", break_glass_views.close, name="close"),
    path("break-glass/requests/<uuid:request_id>/withdraw/", break_glass_views.withdraw, name="withdraw"),
    path("access/", views.oversight, name="oversight"),
    path("access/why/", views.why, name="why"),
    path("access/requests/<uuid:request_id>/approve/", views.approve, name="approve"),
    path("access/requests/<uuid:request_id>/decline/", views.decline, name="decline"),
    path("access/grants/<uuid:grant_id>/revoke/", views.revoke, name="revoke"),
    path("access/openings/<uuid:grant_id>/review/", views.review, name="review"),
    path("access/conflicts/", conflict_views.conflicts, name="conflicts"),
    path("access/conflicts/<int:identity_pk>/", conflict_views.conflict, name="conflict"),
    path("access/conflicts/<int:identity_pk>/<int:patient_pk>/", conflict_views.rule, name="rule"),
    path("access/conflicts/<int:identity_pk>/<int:patient_pk>/undo/", conflict_views.undo, name="undo"),
]
