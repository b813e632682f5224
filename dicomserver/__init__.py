"""The DICOM Server of one institution: receives, keeps, indexes and serves images, and tells the portal about them."""

from dicomserver.celery import app as celery_app

__version__ = "0.1.0"
__all__ = ["__version__", "celery_app"]
