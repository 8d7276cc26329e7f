import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="LogHead",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("size", models.BigIntegerField(verbose_name="size")),
                ("root", models.BinaryField(max_length=32)),
                ("ts_ms", models.BigIntegerField(verbose_name="signed (ms)")),
                ("sig", models.BinaryField(max_length=64)),
            ],
            options={
                "verbose_name": "log head",
                "verbose_name_plural": "log heads",
            },
        ),
        migrations.CreateModel(
            name="Bundle",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("version", models.BigIntegerField(verbose_name="version")),
                ("blob", models.BinaryField()),
                ("bundle_hash", models.BinaryField(max_length=32)),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="bundles",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="owner",
                    ),
                ),
            ],
            options={
                "verbose_name": "bundle",
                "verbose_name_plural": "bundles",
            },
        ),
        migrations.CreateModel(
            name="Device",
            fields=[
                ("did", models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ("ds_pub", models.BinaryField(max_length=32)),
                ("dk_pub", models.BinaryField(max_length=32)),
                ("added_ms", models.BigIntegerField(verbose_name="added (ms)")),
                ("removed_at", models.DateTimeField(null=True, verbose_name="removed")),
                ("opk_max_id", models.BigIntegerField(default=0)),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="devices",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="owner",
                    ),
                ),
            ],
            options={
                "verbose_name": "device",
                "verbose_name_plural": "devices",
            },
        ),
        migrations.CreateModel(
            name="LogLeaf",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("index", models.BigIntegerField(unique=True, verbose_name="index")),
                ("leaf", models.BinaryField()),
                ("leaf_hash", models.BinaryField(max_length=32)),
                (
                    "bundle",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="leaf",
                        to="keys.bundle",
                        verbose_name="bundle",
                    ),
                ),
            ],
            options={
                "verbose_name": "log leaf",
                "verbose_name_plural": "log leaves",
            },
        ),
        migrations.CreateModel(
            name="LogNode",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("level", models.PositiveSmallIntegerField()),
                ("index", models.BigIntegerField()),
                ("value", models.BinaryField(max_length=32)),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("level", "index"), name="keys_lognode_block")],
            },
        ),
        migrations.CreateModel(
            name="LogState",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("size", models.BigIntegerField(default=0)),
            ],
            options={
                "constraints": [models.CheckConstraint(condition=models.Q(("pk", 1)), name="keys_logstate_one_row")],
            },
        ),
        migrations.CreateModel(
            name="Prekey",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.PositiveSmallIntegerField(choices=[(1, "SPK"), (2, "OPK")], verbose_name="kind")),
                ("prekey_id", models.BigIntegerField(verbose_name="id")),
                ("blob", models.BinaryField()),
                ("sig", models.BinaryField(max_length=64)),
                ("not_after_ms", models.BigIntegerField(verbose_name="valid until (ms)")),
                (
                    "device",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="prekeys",
                        to="keys.device",
                        verbose_name="device",
                    ),
                ),
            ],
            options={
                "verbose_name": "prekey",
                "verbose_name_plural": "prekeys",
            },
        ),
        migrations.AddConstraint(
            model_name="bundle",
            constraint=models.UniqueConstraint(fields=("owner", "version"), name="keys_bundle_owner_version"),
        ),
        migrations.AddConstraint(
            model_name="bundle",
            constraint=models.CheckConstraint(
                condition=models.Q(("version__gte", 1)), name="keys_bundle_version_from_1"
            ),
        ),
        migrations.AddConstraint(
            model_name="logleaf",
            constraint=models.CheckConstraint(condition=models.Q(("index__gte", 0)), name="keys_logleaf_index_from_0"),
        ),
        migrations.AddConstraint(
            model_name="prekey",
            constraint=models.UniqueConstraint(
                fields=("device", "kind", "prekey_id"), name="keys_prekey_device_kind_id"
            ),
        ),
    ]
