"""ASGI entry of the portal, for what will stream to browsers."""

from django.core.asgi import get_asgi_application

application = get_asgi_application()
