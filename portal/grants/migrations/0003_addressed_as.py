from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("grants", "0002_recipients_and_rulings"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="grant",
            name="addressed_as",
            field=models.EmailField(blank=True, max_length=254, default=""),
            preserve_default=False,
        ),
        migrations.AddConstraint(
            model_name="grant",
            constraint=models.CheckConstraint(
                condition=models.Q(("addressed_as", ""), ("user__isnull", False), _connector="OR"),
                name="grant_addressed_is_for_a_person",
            ),
        ),
    ]
