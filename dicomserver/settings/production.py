"""The DICOM Server in service: everything comes from the environment, and no secret has a default."""

from runtime import databases, env

from .base import *  # noqa: F403

DEBUG = False
SECRET_KEY = env.secret("DICOM_SERVER_SECRET_KEY")
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS")
DICOM_SERVER_HOME = env.path("DICOM_SERVER_HOME")
DICOM_AE_TITLE = env.text("DICOM_AE_TITLE")
DICOMWEB_PUBLIC_URL = env.text("DICOMWEB_PUBLIC_URL")
PORTAL_URL = env.text("PORTAL_URL")
PORTAL_ORIGINS = env.words("PORTAL_ORIGIN")
DATABASES = {"default": databases.parse(env.secret("DATABASE_URL"))}
REDIS_URL = env.secret("REDIS_URL")
CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}}
CELERY_BROKER_URL = REDIS_URL

# A reverse proxy in front ends TLS and says so in this header; the server is reachable only through it.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_HSTS_SECONDS = 31536000
