"""The DICOM Server's web process (DICOMweb and health) as a WSGI application."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dicomserver.settings.development")

application = get_wsgi_application()
