from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("grants", "0003_addressed_as")]

    operations = [
        migrations.AddIndex(
            model_name="assignment",
            index=models.Index(
                condition=models.Q(("ended_at__isnull", False)), fields=["ended_at"], name="assignment_ended"
            ),
        ),
    ]
