"""The DICOM Server on one machine: embedded PostgreSQL and Redis unless others are named; the demo too."""

from runtime import databases, embedded, env

from .base import *  # noqa: F403
from .base import BASE_DIR

STATE_DIR = env.path("STATE_DIR", BASE_DIR / "var")

DEBUG = env.flag("DEBUG", False)
SECRET_KEY = env.secret_file("DICOM_SERVER_SECRET_KEY", STATE_DIR / "dicomserver" / "secret-key")
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]"]

DATABASES = {
    "default": databases.parse(env.text("DATABASE_URL", "") or embedded.database_url(STATE_DIR, "dicomserver"))
}
REDIS_URL = env.text("REDIS_URL", "") or embedded.redis_url(STATE_DIR, 1)
CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}}
CELERY_BROKER_URL = REDIS_URL
