"""The DICOM Server under test: real PostgreSQL and Redis, a home of its own."""

import tempfile
from pathlib import Path

from runtime import databases, env

from .base import *  # noqa: F403

DEBUG = False
SECRET_KEY = "only-for-tests-" + "x" * 50
ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]

DATABASES = {"default": databases.parse(env.text("DATABASE_URL", "postgresql://localhost/dicomserver"))}
REDIS_URL = env.text("REDIS_URL", "redis://localhost:6379/1")
CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}}
CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_ALWAYS_EAGER = True

# Tests replace it by their own; this one only keeps a forgetful test away from a real archive.
DICOM_SERVER_HOME = env.path("DICOM_SERVER_HOME", Path(tempfile.gettempdir()) / "dicomserver-test-home")
ARCHIVE_RESERVE_BYTES = 64 * 1024**2
DICOM_AE_TITLE = "SERVER_A"
DICOM_PORT = 0
PORTAL_ORIGINS = ("http://portal.test",)
PORTAL_URL = "http://portal.test"
