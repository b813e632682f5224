"""The web process as granian loads it: the application, and the thread that writes down what was read."""

from dicomserver.dicomweb.records import start_writing
from dicomserver.wsgi import application

__all__ = ["application"]

start_writing()
