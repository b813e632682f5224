"""What series say of writing in their pixels."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("studies", "0002_orders_of_lists"),
    ]

    operations = [
        migrations.AddField(
            model_name="series",
            name="burned_in_annotation",
            field=models.CharField(blank=True, max_length=3),
        ),
    ]
