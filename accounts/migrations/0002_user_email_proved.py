"""Who proved that their e-mail is theirs: so far only a confirmed factor on that address says so."""

from typing import Any

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.models import Exists, OuterRef


def mark_proved(apps: Apps, _schema_editor: Any) -> None:
    factors = apps.get_model("accounts", "EmailFactor").objects.filter(confirmed=True)
    proof = factors.filter(user=OuterRef("pk"), address=OuterRef("email"))
    apps.get_model("accounts", "User").objects.filter(Exists(proof)).update(email_proved=True)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_people")]

    operations = [
        migrations.AddField(
            "user", "email_proved", models.BooleanField(default=False, db_default=False, editable=False)
        ),
        migrations.RunPython(mark_proved, migrations.RunPython.noop),
    ]
