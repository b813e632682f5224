"""The portal under test: real PostgreSQL and Redis, cheap password hashes, everything else as in production."""

from runtime import databases, env

from .base import *  # noqa: F403
from .base import STATE_DIR

DEBUG = False
SECRET_KEY = "only-for-tests-" + "x" * 50
ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

DATABASES = {"default": databases.parse(env.text("DATABASE_URL", "postgresql://localhost/portal"))}
REDIS_URL = env.text("REDIS_URL", "redis://localhost:6379/0")
CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}}
CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_ALWAYS_EAGER = True
PORTAL_MAKES_SIGNING_KEY = True
PORTAL_SIGNING_KEY_FILE = env.path("PORTAL_SIGNING_KEY_FILE", STATE_DIR / "test" / "signing-key.pem")
PORTAL_URL = "https://portal.test"
# Tests about other things sign in by one step.
MFA_DEMANDED_OF = ()
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
# Static files are looked up when asked for: nobody collects them before a test.
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True
IDENTITY_PROVIDERS_ON_LOOPBACK = True
