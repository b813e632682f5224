"""Development, with the static files compressed as in service, in DEMO_STATIC_DIR: what the viewer is measured with."""

from portal.settings.development import *  # noqa: F403
from runtime import env

STATIC_ROOT = env.path("DEMO_STATIC_DIR")
WHITENOISE_USE_FINDERS = False
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
