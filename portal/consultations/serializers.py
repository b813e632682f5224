"""Questions to consultants, and their answers, as programs write and read them."""

from typing import Any

from rest_framework import serializers

from portal.accounts.serializers import NamedPersonSerializer
from portal.consultations.models import Consultation, State
from portal.consultations.services import LONGEST_ANSWER, OFFERED_OPTIONS, STUDIES_AT_MOST, Question
from portal.grants.serializers import StudyUidField
from wire.deidentification import Option


class AskedStudySerializer(serializers.Serializer[Any]):
    """A study that is asked about; without identity its UID is the mapped one."""

    study_instance_uid = serializers.CharField(read_only=True)
    server = serializers.UUIDField(source="server_id", read_only=True)
    modalities_in_study = serializers.ListField(child=serializers.CharField(), read_only=True)
    study_date = serializers.DateField(read_only=True, allow_null=True)
    number_of_study_related_instances = serializers.IntegerField(read_only=True)


class ConsultationSerializer(serializers.Serializer[Any]):
    """A question, as far as the caller may read it: the consultant reads nothing of it once it is over."""

    id = serializers.UUIDField(source="consultation.id", read_only=True)
    state = serializers.CharField(read_only=True, help_text=", ".join(State.values))
    asked_by = NamedPersonSerializer(source="consultation.inviter", read_only=True)
    institution = serializers.CharField(source="consultation.institution.short_name", read_only=True)
    email = serializers.EmailField(source="consultation.email", read_only=True)
    question = serializers.CharField(read_only=True)
    deadline = serializers.DateTimeField(source="consultation.deadline", read_only=True)
    without_identity = serializers.BooleanField(source="consultation.without_identity", read_only=True)
    options = serializers.ListField(
        source="consultation.options", child=serializers.ChoiceField(choices=[*OFFERED_OPTIONS]), read_only=True
    )
    studies = AskedStudySerializer(many=True, read_only=True)
    asked_at = serializers.DateTimeField(source="consultation.asked_at", read_only=True)
    answer = serializers.CharField(read_only=True, help_text="For who asked; the consultant's own draft is not told.")
    answered_at = serializers.DateTimeField(source="consultation.answered_at", read_only=True, allow_null=True)
    closed_at = serializers.DateTimeField(source="consultation.closed_at", read_only=True, allow_null=True)


class NamedStudySerializer(serializers.Serializer[Any]):
    """A study to ask about."""

    study_instance_uid = StudyUidField(max_length=64)
    server = serializers.UUIDField(required=False, help_text="Where several servers hold the study.")


class AskConsultantSerializer(serializers.Serializer[Any]):
    """What is asked of whom, until when, and how much of the patient is shown."""

    email = serializers.EmailField(max_length=254)
    consultant_name = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    studies = serializers.ListField(child=NamedStudySerializer(), min_length=1, max_length=STUDIES_AT_MOST)
    question = serializers.CharField(max_length=4000)
    deadline = serializers.DateTimeField()
    without_identity = serializers.BooleanField(default=True)
    options = serializers.ListField(
        child=serializers.ChoiceField(choices=[*OFFERED_OPTIONS]), default=list, max_length=len(OFFERED_OPTIONS)
    )
    consent = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")
    pixels_checked = serializers.BooleanField(
        default=False, help_text="Somebody looked: nothing written in the images says who the patient is."
    )

    @property
    def asked(self) -> Question:
        """What is asked for."""
        given = self.validated_data
        return Question(
            email=given["email"],
            text=given["question"],
            deadline=given["deadline"],
            without_identity=given["without_identity"],
            options=tuple(Option(option) for option in given["options"]),
            consultant_name=given["consultant_name"],
            consent=given["consent"],
            pixels_checked=given["pixels_checked"],
        )


class AnswerSerializer(serializers.Serializer[Any]):
    """The consultant's answer."""

    answer = serializers.CharField(max_length=LONGEST_ANSWER)


class FindingSerializer(serializers.ModelSerializer[Consultation]):
    """What somebody found on a study: for now, the answers of consultants."""

    kind = serializers.SerializerMethodField()
    author = serializers.CharField(source="asked_of", read_only=True)
    asked_by = NamedPersonSerializer(source="inviter", read_only=True)
    text = serializers.CharField(source="answer", read_only=True)
    found_at = serializers.DateTimeField(source="answered_at", read_only=True)

    class Meta:
        """What is told of it."""

        model = Consultation
        fields = ("id", "kind", "author", "asked_by", "question", "text", "found_at")
        read_only_fields = fields

    def get_kind(self, consultation: Consultation) -> str:  # noqa: ARG002
        """Where the finding comes from."""
        return "consultation"
