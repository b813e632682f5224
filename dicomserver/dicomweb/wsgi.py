"""The web process as granian loads it: the application, and the threads that accompany it."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dicomserver.settings.development")

# Sets Django up, which what follows needs.
application = get_wsgi_application()

from dicomserver.dicomweb.lifetime import end_with_parent  # noqa: E402
from dicomserver.dicomweb.records import start_writing  # noqa: E402

start_writing()
end_with_parent()
