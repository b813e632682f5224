"""Addresses of sign-in (allauth) and of what a person sets for themselves."""

from allauth.account import views as allauth_views
from allauth.mfa.base import views as mfa_views
from allauth.mfa.recovery_codes import views as codes_views
from allauth.mfa.totp import views as app_views
from allauth.mfa.webauthn import views as passkey_views
from django.urls import path

from portal.accounts import security_views, views
from portal.accounts.guards import only_signed_in, open_to

_RESET = "everybody: the link from an e-mail proves who comes"
_STAGE = "who has proved one factor and is asked for the next"

urlpatterns = [
    path("accounts/login/", allauth_views.login, name="account_login"),
    path("accounts/logout/", allauth_views.logout, name="account_logout"),
    path("accounts/inactive/", allauth_views.account_inactive, name="account_inactive"),
    path("accounts/theme/", views.choose_theme, name="set_theme"),
    path("accounts/language/", views.choose_language, name="choose_language"),
    path("accounts/password/reset/", open_to(_RESET)(allauth_views.password_reset), name="account_reset_password"),
    path(
        "accounts/password/reset/sent/",
        open_to(_RESET)(allauth_views.password_reset_done),
        name="account_reset_password_done",
    ),
    path(
        "accounts/password/reset/<str:uidb36>/<str:key>/",
        open_to(_RESET)(allauth_views.password_reset_from_key),
        name="account_reset_password_from_key",
    ),
    path(
        "accounts/password/reset/set/",
        open_to(_RESET)(allauth_views.password_reset_from_key_done),
        name="account_reset_password_from_key_done",
    ),
    path("accounts/code/", open_to(_RESET)(allauth_views.request_login_code), name="account_request_login_code"),
    path(
        "accounts/code/confirm/", open_to(_STAGE)(allauth_views.confirm_login_code), name="account_confirm_login_code"
    ),
    path("accounts/password/change/", only_signed_in(allauth_views.password_change), name="account_change_password"),
    path("accounts/reauthenticate/", only_signed_in(allauth_views.reauthenticate), name="account_reauthenticate"),
    path("accounts/security/", security_views.security, name="account_security"),
    path("accounts/session/", security_views.session_left, name="session_left"),
    path("accounts/sessions/", security_views.sessions, name="usersessions_list"),
    path("accounts/sessions/end-all/", security_views.end_all_sessions, name="end_all_sessions"),
    path("accounts/sessions/<int:session_pk>/end/", security_views.end_one_session, name="end_session"),
    path("accounts/tokens/", security_views.api_tokens, name="account_tokens"),
    path("accounts/tokens/<uuid:token_id>/revoke/", security_views.revoke_one_token, name="revoke_api_token"),
    path("accounts/2fa/", security_views.to_security, name="mfa_index"),
    path("accounts/2fa/authenticate/", open_to(_STAGE)(mfa_views.authenticate), name="mfa_authenticate"),
    path("accounts/2fa/reauthenticate/", only_signed_in(mfa_views.reauthenticate), name="mfa_reauthenticate"),
    path("accounts/2fa/app/activate/", only_signed_in(app_views.activate_totp), name="mfa_activate_totp"),
    path("accounts/2fa/app/deactivate/", only_signed_in(app_views.deactivate_totp), name="mfa_deactivate_totp"),
    path("accounts/2fa/codes/", only_signed_in(codes_views.view_recovery_codes), name="mfa_view_recovery_codes"),
    path(
        "accounts/2fa/codes/generate/",
        only_signed_in(codes_views.generate_recovery_codes),
        name="mfa_generate_recovery_codes",
    ),
    path(
        "accounts/2fa/codes/download/",
        only_signed_in(codes_views.download_recovery_codes),
        name="mfa_download_recovery_codes",
    ),
    path("accounts/2fa/passkeys/", only_signed_in(passkey_views.list_webauthn), name="mfa_list_webauthn"),
    path("accounts/2fa/passkeys/add/", only_signed_in(passkey_views.add_webauthn), name="mfa_add_webauthn"),
    path("accounts/2fa/passkeys/login/", open_to("everybody")(passkey_views.login_webauthn), name="mfa_login_webauthn"),
    path(
        "accounts/2fa/passkeys/reauthenticate/",
        only_signed_in(passkey_views.reauthenticate_webauthn),
        name="mfa_reauthenticate_webauthn",
    ),
    path(
        "accounts/2fa/passkeys/<int:pk>/remove/",
        only_signed_in(passkey_views.remove_webauthn),
        name="mfa_remove_webauthn",
    ),
    path("accounts/2fa/passkeys/<int:pk>/edit/", only_signed_in(passkey_views.edit_webauthn), name="mfa_edit_webauthn"),
    # Accounts are made by administrators, who also know the e-mail address; allauth reverses these names.
    path("accounts/signup/", views.closed, name="account_signup"),
    path("accounts/email/", views.closed, name="account_email"),
    # Who comes by an identity provider has no password here, and gets none.
    path("accounts/password/set/", views.closed, name="account_set_password"),
]
