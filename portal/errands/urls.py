"""Addresses of errands for people."""

from django.urls import path

from portal.errands import import_page

app_name = "errands"
urlpatterns = [path("import/", import_page.import_page, name="import")]
