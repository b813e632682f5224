"""What is the same wherever the portal runs."""

from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from celery.schedules import crontab
from csp.constants import NONE, SELF

from runtime import env
from runtime.logs import logging_config

BASE_DIR = Path(__file__).resolve().parent.parent.parent
STATE_DIR = env.path("PORTAL_HOME", BASE_DIR / "var")

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.mfa",
    "allauth.usersessions",
    "mozilla_django_oidc",
    "rest_framework",
    "knox",
    "drf_spectacular",
    "django_filters",
    "django_htmx",
    "portal.accounts",
    "portal.institutions",
    "portal.single_sign_on",
    "portal.invitations",
    "portal.servers",
    "portal.studies",
    "portal.grants",
    "portal.consultations",
    "portal.sharing",
    "portal.access",
    "portal.orders",
    "portal.errands",
    "portal.intake",
    "portal.worklist",
    "portal.patients",
    "audit",
    "monitoring",
    "viewer",
    "viewer.marks",
    "viewer.personal",
    "viewer.presets",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "portal.accounts.middleware.RequestIdMiddleware",
    "portal.accounts.middleware.NothingKeptMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "portal.institutions.middleware.HatMiddleware",
    "portal.institutions.session_limits.SessionLimitsMiddleware",
    "portal.institutions.mfa.SecondFactorMiddleware",
    "portal.sharing.middleware.LinkHolderMiddleware",
]

ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"
ASGI_APPLICATION = "portal.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "portal.institutions.context.frame",
                "portal.access.context.break_glass",
            ],
        },
    }
]

# People
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "portal.accounts.backends.LocalAccountBackend",
    "portal.institutions.backends.RoleBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
AUDIT_ACTOR_OF = "portal.accounts.actors.actor_of"
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_ADAPTER = "portal.accounts.adapter.ClosedAccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "username*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_SESSION_REMEMBER = False
# A hospital comes through one address; a password is guessed at one name.
ACCOUNT_RATE_LIMITS = {
    "login": "120/m/ip",
    "login_failed": "60/m/ip,5/5m/key",
    "reset_password": "60/m/ip,3/10m/key",
    "request_login_code": "60/m/ip,3/10m/key",
}
ACCOUNT_FORMS = {
    "reset_password": "portal.accounts.forms.AskForResetForm",
    "request_login_code": "portal.institutions.mfa.OfferedCodeForm",
}
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = 10 * 60
PASSWORD_RESET_TIMEOUT = 30 * 60
MFA_ADAPTER = "portal.accounts.mfa.EncryptingMfaAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_TOTP_TOLERANCE = 1
# E-mail addresses are set by administrators, who know whose they are.
MFA_ALLOW_UNVERIFIED_EMAIL = True
# Encrypts the secrets of apps; without it they are encrypted by SECRET_KEY.
MFA_KEY = env.secret("MFA_KEY", "")
# Roles that open nothing without a second factor; "none" for no role.
MFA_DEMANDED_OF = env.words(
    "MFA_DEMANDED_OF", ("institution_administrator", "system_administrator", "radiologist", "consultant")
)
# The provider that vouches for a person has asked for their second factor.
MFA_TRUSTS_IDENTITY_PROVIDERS = env.flag("MFA_TRUSTS_IDENTITY_PROVIDERS", True)
ALLAUTH_TRUSTED_PROXY_COUNT = 0
NATIONAL_ID_COUNTRY = env.text("NATIONAL_ID_COUNTRY", "md")
NATIONAL_ID_ISSUER = env.text("NATIONAL_ID_ISSUER", "IDNP")

# E-mail
PORTAL_URL = env.text("PORTAL_URL", "http://127.0.0.1:8000")
EMAIL_HOST = env.text("EMAIL_HOST", "localhost")
EMAIL_PORT = env.number("EMAIL_PORT", 25)
EMAIL_HOST_USER = env.text("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = env.secret("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = env.flag("EMAIL_USE_TLS", False)
EMAIL_USE_SSL = env.flag("EMAIL_USE_SSL", False)
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", "DICOM Network <dicom-network@localhost>")

# Staff single sign-on: by institutions' providers, which are rows of the database
SOCIALACCOUNT_ADAPTER = "portal.single_sign_on.adapter.InstitutionAccountAdapter"
SOCIALACCOUNT_EMAIL_AUTHENTICATION = False
SOCIALACCOUNT_EMAIL_VERIFICATION = "none"
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_QUERY_EMAIL = False
# Providers elsewhere speak HTTPS; only a demonstration and tests have one on their own machine.
IDENTITY_PROVIDERS_ON_LOOPBACK = False

# Session and cookies
SESSION_COOKIE_NAME = "dicom_network_session"
SESSION_COOKIE_AGE = 24 * 3600
# Minutes without an act / minutes in all; of several roles the strictest holds.
SESSION_LIMITS = env.words(
    "SESSION_LIMITS",
    (
        "radiologist=60/720",
        "institution_administrator=30/480",
        "system_administrator=30/480",
        "auditor=30/480",
        "consultant=30/240",
        "patient=20/120",
        "default=30/720",
    ),
)
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_NAME = "dicom_network_csrf"
CSRF_COOKIE_SAMESITE = "Lax"

# REST
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "portal.accounts.authentication.ApiTokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
        "portal.accounts.authentication.NobodyAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["portal.accounts.parsers.JsonParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_THROTTLE_CLASSES": [
        "portal.accounts.throttles.PersonThrottle",
        "portal.accounts.throttles.AddressThrottle",
    ],
    "DEFAULT_THROTTLE_RATES": {
        "person": env.text("API_RATE_OF_PERSON", "1200/min"),
        "marks": env.text("API_RATE_OF_MARKS", "1200/min"),
        "address": env.text("API_RATE_OF_ADDRESS", "300/min"),
        "sign_in": env.text("API_RATE_OF_SIGN_IN", "20/min"),
    },
    "EXCEPTION_HANDLER": "portal.accounts.problems.problem_handler",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "DICOM Network",
    "DESCRIPTION": "The portal's interface for programs: studies, viewer tokens, grants and the audit log.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_PUBLIC": False,
    "SCHEMA_PATH_PREFIX": "/api/v1/",
    # Names of choices that several parts of the description share.
    "ENUM_NAME_OVERRIDES": {
        "MarkKindEnum": "viewer.marks.kinds.Kind",
        "PermissionEnum": "portal.grants.models.Permission",
        "RequestablePermissionEnum": "portal.access.serializers.REQUESTABLE",
        "RoleEnum": "portal.institutions.models.Role",
        "RuleEnum": "portal.grants.decisions.ALL_RULES",
        "ShareLinkStateEnum": ("open", "used_up", "expired", "closed", "revoked"),
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "portal.accounts.openapi.describe_problems",
    ],
}

# Language and time
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("ro", "Română"), ("ru", "Русский")]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = env.text("TIME_ZONE", "Europe/Chisinau")
USE_I18N = True
USE_TZ = True

# Static files: our own sources, and what Vite built of the viewer
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = STATE_DIR / "staticfiles"

# Browser policy (origins of DICOM Servers are added to connect-src by the viewer page alone)
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "connect-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

# Patients by national ID: off where the national identity provider is not named
NATIONAL_OIDC_ISSUER = env.text("NATIONAL_OIDC_ISSUER", "")
NATIONAL_OIDC_CLIENT_ID = env.text("NATIONAL_OIDC_CLIENT_ID", "")
NATIONAL_OIDC_CLIENT_SECRET = env.secret("NATIONAL_OIDC_CLIENT_SECRET", "")
NATIONAL_OIDC_ID_CLAIM = env.text("NATIONAL_OIDC_ID_CLAIM", "idnp")
# Addresses that are left out are found by discovery.
NATIONAL_OIDC_AUTHORIZATION_ENDPOINT = env.text("NATIONAL_OIDC_AUTHORIZATION_ENDPOINT", "")
NATIONAL_OIDC_TOKEN_ENDPOINT = env.text("NATIONAL_OIDC_TOKEN_ENDPOINT", "")
NATIONAL_OIDC_JWKS_URI = env.text("NATIONAL_OIDC_JWKS_URI", "")
NATIONAL_OIDC_USERINFO_ENDPOINT = env.text("NATIONAL_OIDC_USERINFO_ENDPOINT", "")
NATIONAL_OIDC_END_SESSION_ENDPOINT = env.text("NATIONAL_OIDC_END_SESSION_ENDPOINT", "")
NATIONAL_PATIENTS_INSTITUTION = env.text("NATIONAL_PATIENTS_INSTITUTION", "national")
AUTHENTICATION_BACKENDS.append("portal.institutions.national_backend.NationalPatientBackend")
OIDC_RP_SCOPES = env.text("NATIONAL_OIDC_SCOPES", "openid profile")
OIDC_USE_PKCE = True
OIDC_TOKEN_USE_BASIC_AUTH = True
OIDC_TIMEOUT = 5
OIDC_MAX_STATES = 10
# Browsers hold a form to this through every redirect, and the sign-out form leads to the provider.
CONTENT_SECURITY_POLICY["DIRECTIVES"]["form-action"] += [
    f"{parts.scheme}://{parts.netloc}"
    for parts in map(urlsplit, (NATIONAL_OIDC_ISSUER, NATIONAL_OIDC_END_SESSION_ENDPOINT))
    if parts.netloc
]

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

# Tasks
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TIMEZONE = "UTC"
CELERY_TASK_DEFAULT_QUEUE = "portal"
CELERY_BEAT_SCHEDULE = {
    "close-links-of-lost-access": {"task": "portal.sharing.close_links_of_lost_access", "schedule": 30.0},
    "prune-received-messages": {
        "task": "portal.intake.prune_received_messages",
        "schedule": crontab(hour="2", minute="40"),
    },
    "revoke-of-those-who-lost-access": {
        "task": "portal.grants.revoke_of_those_who_lost_access",
        "schedule": timedelta(seconds=20),
        "options": {"expires": 20},
    },
    "revoke-what-nobody-may-give": {
        "task": "portal.grants.revoke_what_nobody_may_give",
        "schedule": crontab(minute="50"),
    },
    "tell-who-loses-access-soon": {
        "task": "portal.grants.tell_who_loses_access_soon",
        "schedule": crontab(minute="*/15"),
    },
    "clear-ended-sign-ins": {
        "task": "portal.accounts.clear_ended_sign_ins",
        "schedule": crontab(hour="3", minute="10"),
    },
}

# /metrics answers this machine, and whoever shows this token; empty: this machine alone.
METRICS_TOKEN = env.secret("METRICS_TOKEN", "")

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATA_UPLOAD_MAX_MEMORY_SIZE = 8 * 1024 * 1024
LOGGING = logging_config("portal")
# Some addresses hold a secret, and whatever goes wrong there is logged with its address.
LOGGING["filters"] = {"secret_addresses": {"()": "portal.accounts.secret_addresses.SecretAddressFilter"}}
LOGGING["handlers"]["stderr"]["filters"] = ["secret_addresses"]
