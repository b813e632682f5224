"""Addresses of errands for people."""

from django.urls import path

from portal.errands import elsewhere_page, import_page

app_name = "errands"
urlpatterns = [
    path("import/", import_page.import_page, name="import"),
    path("import/choices/", import_page.choices, name="import_choices"),
    path("elsewhere/", elsewhere_page.elsewhere, name="elsewhere"),
]
