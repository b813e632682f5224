"""The portal in service: everything comes from the environment, and no secret has a default."""

from runtime import databases, env

from .base import *  # noqa: F403

DEBUG = False
SECRET_KEY = env.secret("PORTAL_SECRET_KEY")
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS")
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS", ())
DATABASES = {"default": databases.parse(env.secret("DATABASE_URL"))}
REDIS_URL = env.secret("REDIS_URL")
CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}}
CELERY_BROKER_URL = REDIS_URL
PORTAL_MAKES_SIGNING_KEY = False
PORTAL_SIGNING_KEY_FILE = env.path("PORTAL_SIGNING_KEY_FILE")
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# Caddy in front ends TLS and says so in this header; the portal is reachable only through it.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_SSL_REDIRECT = True
ALLAUTH_TRUSTED_PROXY_COUNT = env.number("TRUSTED_PROXY_COUNT", 1)
SECURE_REDIRECT_EXEMPT = [r"^health/"]
SECURE_HSTS_SECONDS = 31536000
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SESSION_COOKIE_SECURE = True
SESSION_COOKIE_NAME = "__Host-dicom_network_session"
CSRF_COOKIE_SECURE = True
CSRF_COOKIE_NAME = "__Host-dicom_network_csrf"

# E-mail: letters lead people here.
PORTAL_URL = env.text("PORTAL_URL")
EMAIL_HOST = env.text("EMAIL_HOST")
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL")
