"""Addresses of sign-in (allauth) and of what a person sets for themselves."""

from allauth.account import views as allauth_views
from django.urls import path

from portal.accounts import views

urlpatterns = [
    path("accounts/login/", allauth_views.login, name="account_login"),
    path("accounts/logout/", allauth_views.logout, name="account_logout"),
    path("accounts/inactive/", allauth_views.account_inactive, name="account_inactive"),
    path("accounts/theme/", views.choose_theme, name="set_theme"),
    # Accounts are made by administrators, who also know the e-mail address; allauth reverses these names.
    path("accounts/signup/", views.closed, name="account_signup"),
    path("accounts/email/", views.closed, name="account_email"),
    path("accounts/password/reset/", views.closed, name="account_reset_password"),
]
