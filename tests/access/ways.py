"""Every way to reach a study: which permission it needs, and how one goes it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import requests

from tests.access.network import TIMEOUT, Study

DICOM_JSON: Final = {"Accept": "application/dicom+json"}
MULTIPART_DICOM: Final = {"Accept": 'multipart/related; type="application/dicom"; transfer-syntax=*'}
FRAME: Final = {"Accept": 'multipart/related; type="application/octet-stream"; transfer-syntax=*'}
# Of the study's patient: lists are searched, as what other tests sent fills their first pages.
SURNAME: Final = "munteanu"
PICTURE: Final = {"Accept": "image/jpeg"}


@dataclass(frozen=True)
class Way:
    """One way. `shows` tells from a good answer whether the study came out of it."""

    words: str
    needs: str
    path: Callable[[Study], str]
    shows: Callable[[requests.Response, Study], bool]
    headers: dict[str, str] | None = None
    posts: bool = False
    body: dict[str, object] | None = None
    """What is posted, as JSON."""
    lists: bool = False
    """The address is everybody's, and the study stands in its answer or does not."""
    with_masks: bool = True
    """It leads to de-identified studies too."""


def _study_path(study: Study) -> str:
    return f"/studies/{study.study_instance_uid}"


def _series_path(study: Study) -> str:
    return f"{_study_path(study)}/series/{study.series_instance_uid}"


def _instance_path(study: Study) -> str:
    return f"{_series_path(study)}/instances/{study.sop_instance_uid}"


def _holds_uid(answer: requests.Response, study: Study) -> bool:
    return study.study_instance_uid in answer.text


def _holds_bytes(answer: requests.Response, study: Study) -> bool:
    return len(answer.content) > 500


def _holds_dicom(answer: requests.Response, study: Study) -> bool:
    return b"DICM" in answer.content


def _is_token(answer: requests.Response, study: Study) -> bool:
    return bool(answer.json()["token"])


def _is_noted(answer: requests.Response, study: Study) -> bool:
    return answer.status_code == requests.codes.no_content


def _is_list(answer: requests.Response, study: Study) -> bool:
    return "results" in answer.json()


PORTAL_WAYS: Final = (
    Way("Worklist", "view", lambda study: f"/worklist/?search={SURNAME}", _holds_uid, lists=True, with_masks=False),
    Way("Study page", "view", lambda study: f"{_study_path(study)}/", _holds_uid),
    Way("Viewer page", "view", lambda study: f"/viewer/{study.study_instance_uid}/", _holds_uid),
    Way(
        "API list", "view", lambda study: f"/api/v1/studies/?search={SURNAME}", _holds_uid, lists=True, with_masks=False
    ),
    Way("API detail", "view", lambda study: f"/api/v1/studies/{study.study_instance_uid}/", _holds_uid),
    Way(
        "API findings",
        "view",
        lambda study: f"/api/v1/studies/{study.study_instance_uid}/findings/",
        _is_list,
        with_masks=False,
    ),
    Way(
        "Viewer token",
        "view",
        lambda study: f"/api/v1/studies/{study.study_instance_uid}/viewer-token/",
        _is_token,
        posts=True,
    ),
    Way("API annotations", "view", lambda study: f"/api/v1/studies/{study.study_instance_uid}/annotations/", _is_list),
    Way(
        "API taken out",
        "download",
        lambda study: f"/api/v1/studies/{study.study_instance_uid}/taken-out/",
        _is_noted,
        posts=True,
        body={"how": "png", "images": 1},
    ),
)
SERVER_WAYS: Final = (
    Way(
        "QIDO-RS study",
        "view",
        lambda study: f"/studies?StudyInstanceUID={study.study_instance_uid}",
        _holds_uid,
        DICOM_JSON,
    ),
    Way("QIDO-RS series", "view", lambda study: f"{_study_path(study)}/series", _holds_uid, DICOM_JSON),
    Way("QIDO-RS instances", "view", lambda study: f"{_series_path(study)}/instances", _holds_uid, DICOM_JSON),
    Way("WADO-RS metadata", "view", lambda study: f"{_series_path(study)}/metadata", _holds_uid, DICOM_JSON),
    Way("WADO-RS frames", "view", lambda study: f"{_instance_path(study)}/frames/1", _holds_bytes, FRAME),
    Way("WADO-RS rendered", "view", lambda study: f"{_instance_path(study)}/rendered", _holds_bytes, PICTURE),
    Way("WADO-RS thumbnail", "view", lambda study: f"{_series_path(study)}/thumbnail", _holds_bytes, PICTURE),
    Way("Download instance", "download", _instance_path, _holds_dicom, MULTIPART_DICOM),
    Way("Download study", "download", _study_path, _holds_dicom, MULTIPART_DICOM),
)
WAYS: Final = (*PORTAL_WAYS, *SERVER_WAYS)


def go(way: Way, session: requests.Session, portal_url: str, study: Study, token: str) -> requests.Response:
    """Send the request of the way."""
    if way in PORTAL_WAYS:
        headers = {"X-CSRFToken": session.cookies.get("dicom_network_csrf", ""), "Referer": portal_url}
        url = f"{portal_url}{way.path(study)}"
        if way.posts:
            return session.post(url, json=way.body, headers=headers, timeout=TIMEOUT, allow_redirects=False)
        return session.get(url, headers=headers, timeout=TIMEOUT, allow_redirects=False)
    authorization = {"Authorization": f"Bearer {token}"} if token else {}
    return session.get(
        f"{study.dicomweb_url}{way.path(study)}", headers={**(way.headers or {}), **authorization}, timeout=TIMEOUT
    )
