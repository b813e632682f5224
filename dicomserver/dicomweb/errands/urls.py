"""The addresses of errands, beside those of DICOMweb."""

from django.urls import URLPattern, path

from dicomserver.dicomweb.errands import elsewhere, imports

_ELSEWHERE = "elsewhere"

urlpatterns: list[URLPattern] = [
    path("imports/", imports.imports, name="imports"),
    path("imports/known", imports.known, name="imports-known"),
    path("imports/<uuid:upload>", imports.one_import, name="import"),
    path(f"{_ELSEWHERE}/archives", elsewhere.archives, name="elsewhere-archives"),
    path(f"{_ELSEWHERE}/archives/<str:name>", elsewhere.archive, name="elsewhere-archive"),
    path(f"{_ELSEWHERE}/searches", elsewhere.searches, name="elsewhere-searches"),
    path(f"{_ELSEWHERE}/searches/<uuid:search_id>", elsewhere.search, name="elsewhere-search"),
    path(f"{_ELSEWHERE}/retrievals", elsewhere.all_retrievals, name="elsewhere-retrievals"),
    path(f"{_ELSEWHERE}/retrievals/<uuid:retrieval_id>", elsewhere.retrieval, name="elsewhere-retrieval"),
    path(f"{_ELSEWHERE}/retrievals/<uuid:retrieval_id>/again", elsewhere.again, name="elsewhere-again"),
]
