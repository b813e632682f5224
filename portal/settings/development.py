"""The portal on one machine: embedded PostgreSQL and Redis unless others are named; also what the demo runs with."""

from runtime import databases, embedded, env

from .base import *  # noqa: F403
from .base import STATE_DIR

DEBUG = env.flag("DEBUG", False)
SECRET_KEY = env.secret_file("PORTAL_SECRET_KEY", STATE_DIR / "portal" / "secret-key")
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]"]
# Static files come from where they are written; nothing is collected.
STATIC_ROOT = None  # type: ignore[assignment]
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG

DATABASES = {"default": databases.parse(env.text("DATABASE_URL", "") or embedded.database_url(STATE_DIR, "portal"))}
REDIS_URL = env.text("REDIS_URL", "") or embedded.redis_url(STATE_DIR, 0)
CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}}
CELERY_BROKER_URL = REDIS_URL

# The portal's own Ed25519 key, made at the first start; it signs viewer tokens.
PORTAL_MAKES_SIGNING_KEY = True
PORTAL_SIGNING_KEY_FILE = STATE_DIR / "portal" / "signing-key.pem"
# E-mail: letters are printed, unless a mail server is named.
if not env.text("EMAIL_HOST", ""):
    EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
IDENTITY_PROVIDERS_ON_LOOPBACK = True
