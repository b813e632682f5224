"""The central portal: people, institutions, the catalogue of studies, and who may see what. It never holds a pixel."""

from portal.celery import app as celery_app

__all__ = ["celery_app"]
