"""Questions to consultants, and the grants that they came with."""

import uuid

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("grants", "0003_addressed_as"),
        ("institutions", "0002_suspension_and_choices"),
        ("invitations", "0001_invitations"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Consultation",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("email", models.EmailField(max_length=254)),
                ("consultant_name", models.CharField(blank=True, max_length=200)),
                ("question", models.TextField(max_length=4000)),
                ("deadline", models.DateTimeField()),
                ("without_identity", models.BooleanField()),
                (
                    "options",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=64), blank=True, default=list, size=None
                    ),
                ),
                ("consent", models.CharField(blank=True, max_length=500)),
                ("pixels_checked", models.BooleanField(default=False)),
                ("asked_at", models.DateTimeField()),
                ("draft", models.TextField(blank=True, max_length=20000)),
                ("answer", models.TextField(blank=True, max_length=20000)),
                ("answered_at", models.DateTimeField(blank=True, null=True)),
                ("closed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "closed_reason",
                    models.CharField(
                        blank=True, choices=[("answered", "answered"), ("withdrawn", "withdrawn")], max_length=12
                    ),
                ),
                (
                    "consultant",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="consultations",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "institution",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="consultations",
                        to="institutions.institution",
                    ),
                ),
                (
                    "invitation",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="consultations",
                        to="invitations.invitation",
                    ),
                ),
                (
                    "inviter",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="consultations_asked",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ConsultedStudy",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "consultation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="consulted",
                        to="consultations.consultation",
                    ),
                ),
                (
                    "grant",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="consulted", to="grants.grant"
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="consultation",
            name="grants",
            field=models.ManyToManyField(
                related_name="consultations", through="consultations.ConsultedStudy", to="grants.grant"
            ),
        ),
        migrations.AddIndex(
            model_name="consultation",
            index=models.Index(fields=["inviter", "-asked_at", "-id"], name="consultation_asked_by"),
        ),
        migrations.AddIndex(
            model_name="consultation",
            index=models.Index(fields=["email", "-asked_at", "-id"], name="consultation_asked_of"),
        ),
        migrations.AddIndex(
            model_name="consultation",
            index=models.Index(fields=["-asked_at", "-id"], name="consultation_newest"),
        ),
        migrations.AddConstraint(
            model_name="consultation",
            constraint=models.CheckConstraint(
                condition=models.Q(("email", django.db.models.functions.text.Lower("email"))),
                name="consultation_address_in_lower_case",
            ),
        ),
        migrations.AddConstraint(
            model_name="consultation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("closed_at__isnull", True), ("closed_reason", "")),
                    models.Q(("closed_at__isnull", False), models.Q(("closed_reason", ""), _negated=True)),
                    _connector="OR",
                ),
                name="consultation_is_closed_for_a_reason",
            ),
        ),
        migrations.AddConstraint(
            model_name="consultation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("answer", ""), ("answered_at__isnull", True)),
                    models.Q(("answered_at__isnull", False), ("closed_reason", "answered")),
                    _connector="OR",
                ),
                name="consultation_is_closed_by_its_answer",
            ),
        ),
        migrations.AddConstraint(
            model_name="consultation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("without_identity", True), models.Q(("consent", ""), _negated=True), _connector="OR"
                ),
                name="consultation_with_identity_has_consent",
            ),
        ),
    ]
