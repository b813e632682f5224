"""The addresses of the DICOM Server's web process."""

from django.urls import include, path

urlpatterns = [
    path("", include("dicomserver.dicomweb.urls")),
    path("", include("dicomserver.dicomweb.errands.urls")),
]

handler400 = "dicomserver.dicomweb.problems.bad_request"
handler404 = "dicomserver.dicomweb.problems.not_found"
handler500 = "dicomserver.dicomweb.problems.server_error"
