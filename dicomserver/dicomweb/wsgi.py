"""The web process as granian loads it: the application, and the thread that writes down what was read."""

# The first import sets Django up, which the second one's models need.
from dicomserver.wsgi import application  # isort: skip
from dicomserver.dicomweb.records import start_writing

__all__ = ["application"]

start_writing()
