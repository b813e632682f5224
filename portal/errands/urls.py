"""Addresses of errands for people."""

from django.urls import path

from portal.errands import deletion_page, elsewhere_page, import_page
from portal.studies.converters import STUDY

app_name = "errands"
urlpatterns = [
    path("import/", import_page.import_page, name="import"),
    path("import/choices/", import_page.choices, name="import_choices"),
    path("elsewhere/", elsewhere_page.elsewhere, name="elsewhere"),
    path("settings/deletion/", deletion_page.find, name="find_to_delete"),
    path(f"settings/deletion/{STUDY}/", deletion_page.study, name="delete_study"),
    path(f"settings/deletion/{STUDY}/state/", deletion_page.state, name="deletion_state"),
]
