"""An errand as programs ask for it, and the token that they get."""

from typing import Any

from rest_framework import serializers

from portal.errands.services import base_url_of
from portal.grants.serializers import StudyUidField
from portal.servers.models import DicomServer
from wire.errands import ERRANDS
from wire.text import TEXT_LENGTH


class OrderSerializer(serializers.Serializer[Any]):
    """What is to be done; "delete" names its study and says why, "find_elsewhere" names none."""

    errand = serializers.ChoiceField(choices=ERRANDS)
    study_instance_uid = StudyUidField(required=False)
    reason = serializers.CharField(required=False, max_length=TEXT_LENGTH // 2, help_text="Needed to delete.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse what would be an order for nothing."""
        if attrs["errand"] == "delete":
            missing = [name for name in ("study_instance_uid", "reason") if not attrs.get(name)]
            if missing:
                raise serializers.ValidationError(dict.fromkeys(missing, "Needed to delete."))
        if attrs["errand"] == "find_elsewhere" and "study_instance_uid" in attrs:
            raise serializers.ValidationError({"study_instance_uid": "A search is not about a study of this server."})
        return attrs


class ErrandServerSerializer(serializers.Serializer[Any]):
    """Where the token is to be used."""

    id = serializers.UUIDField(read_only=True)
    dicomweb_url = serializers.URLField(read_only=True)
    base_url = serializers.SerializerMethodField(help_text="Below which errands have their addresses.")

    def get_base_url(self, server: DicomServer) -> str:
        """Its address without `/dicomweb`."""
        return base_url_of(server)


class ErrandTokenSerializer(serializers.Serializer[Any]):
    """The answer to a request for an errand token."""

    server = ErrandServerSerializer(read_only=True)
    token = serializers.CharField(read_only=True, help_text="To be sent as `Authorization: Bearer`.")
    expires_at = serializers.DateTimeField(read_only=True, help_text="At most five minutes away.")
