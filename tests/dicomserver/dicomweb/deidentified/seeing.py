"""A reader with a de-identified token, and every address at which it may ask."""

from typing import Any

from dicomserver.identity import load_identity
from dicomserver.index.models import Instance
from tests.dicomserver.dicomweb.reading import WebReader, body_of
from wire.deidentification import Deidentification, Option, map_uid, seal
from wire.keys import sealing_key_text

KEY = "5e" * 32
PSEUDONYM = "Q-7F3C91"
PERMISSIONS = ("view", "download")


class DisguisedReader:
    """Asks for one study with a token that hides whose it is."""

    def __init__(self, reader: WebReader, home: Any, study: str, *options: Option, key: str = KEY) -> None:
        self.reader, self.key = reader, key
        self.deidentification = Deidentification(
            study_instance_uid=study, key=key, pseudonym=PSEUDONYM, options=tuple(options)
        )
        sealing_key = load_identity(home).sealing_key
        assert sealing_key is not None
        self.public_key = sealing_key_text(sealing_key)

    def uid(self, uid: str) -> str:
        """What the reader knows it by."""
        return map_uid(self.key, str(uid))

    @property
    def study_path(self) -> str:
        return f"/dicomweb/studies/{self.deidentification.mapped_study_instance_uid}"

    def series_path(self, instance: Instance) -> str:
        return f"{self.study_path}/series/{self.uid(instance.series.series_instance_uid)}"

    def path(self, instance: Instance) -> str:
        return f"{self.series_path(instance)}/instances/{self.uid(instance.sop_instance_uid)}"

    def token(self, **changes: Any) -> str:
        portal = self.reader.portal
        values: dict[str, Any] = {"permissions": PERMISSIONS} | changes
        sealed = seal(self.deidentification, self.public_key, audience=str(portal.server_id))
        values = {"deidentification": sealed} | values
        return portal.token(self.deidentification.mapped_study_instance_uid, **values)

    def get(self, path: str, **headers: str) -> Any:
        return self.reader.get(path, token=self.token(), **headers)

    def post(self, path: str, **options: Any) -> Any:
        """Ask with the token in a form."""
        return self.reader.post(path, token=self.token(), **options)

    def json(self, path: str) -> Any:
        return self.reader.json(path, token=self.token())

    def body(self, path: str, **headers: str) -> bytes:
        response = self.get(path, **headers)
        assert response.status_code == 200, (path, response.status_code)
        return body_of(response)

    def addresses(self, instance: Instance) -> list[str]:
        """Whatever may be asked about an instance with pixels."""
        study, series, path = self.study_path, self.series_path(instance), self.path(instance)
        return [
            "/dicomweb/studies",
            f"{study}/series",
            f"{study}/instances",
            f"{series}/instances",
            f"{study}/metadata",
            f"{series}/metadata",
            f"{path}/metadata",
            study,
            series,
            path,
            f"{path}/frames/1",
            f"{path}/bulkdata/7FE00010",
            *(f"{place}/{kind}" for place in (study, series, path) for kind in ("bulkdata", "pixeldata")),
            f"{path}/rendered",
            f"{series}/thumbnail",
            f"{study}/archive",
            f"{series}/archive",
        ]
