"""A patient's own images, and who looked at them, as programs read them."""

from typing import Any

from rest_framework import serializers

from portal.patients.looks import WORDS
from portal.studies.models import Study
from portal.studies.plain_words import plain_title


class OwnStudySerializer(serializers.ModelSerializer[Study]):
    """One of the patient's own studies."""

    server = serializers.UUIDField(source="server_id", read_only=True)
    title = serializers.SerializerMethodField(help_text='In plain words: "CT of the chest".')
    modalities_in_study = serializers.ListField(child=serializers.CharField(), read_only=True)
    institution = serializers.CharField(source="server.institution.name", read_only=True)

    class Meta:
        """What is told of it."""

        model = Study
        fields = (
            "study_instance_uid",
            "server",
            "title",
            "study_date",
            "study_description",
            "modalities_in_study",
            "institution",
            "number_of_study_related_instances",
            "is_complete",
        )
        read_only_fields = fields

    def get_title(self, study: Study) -> str:
        """What it is called for a patient."""
        return plain_title(study.modalities_in_study, study.body_parts_examined) or study.study_description


class LookSerializer(serializers.Serializer[Any]):
    """What one person did with one study on one day."""

    day = serializers.DateField(read_only=True)
    study_instance_uid = serializers.CharField(source="study.study_instance_uid", read_only=True)
    server = serializers.UUIDField(source="study.server_id", read_only=True)
    role = serializers.CharField(read_only=True)
    institution = serializers.CharField(read_only=True, help_text="Of whoever looked; empty where they have none.")
    name = serializers.CharField(read_only=True, help_text="Empty unless the owner shows the names of its readers.")
    first_at = serializers.DateTimeField(read_only=True)
    last_at = serializers.DateTimeField(read_only=True)
    what = serializers.ChoiceField(choices=list(WORDS), read_only=True, help_text="The most that was done.")
    is_own = serializers.BooleanField(read_only=True, help_text="True for the caller's own looks.")


class OwnStudyPageSerializer(serializers.Serializer[Any]):
    """One page of the timeline, the latest first."""

    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = OwnStudySerializer(many=True)


class LookPageSerializer(serializers.Serializer[Any]):
    """The looks of some days, the newest first."""

    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = LookSerializer(many=True)
