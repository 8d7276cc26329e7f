"""Staff see metadata, read only."""

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.tests.people import log_in, make_person
from conversations import admin, models
from conversations.tests.world import World

pytestmark = pytest.mark.django_db(databases="__all__")
SECRET = b"\x53\x45\x43\x52\x45\x54"


@pytest.mark.parametrize("name", ["conversation", "event", "cursor", "attachment"])
def test_staff_see_and_change_nothing(world: World, name: str) -> None:
    cid = world.talk()
    world.start(cid)
    models.Event.objects.update(blob=SECRET)
    models.Cursor.objects.create(conversation_id=cid, did=world.bob.did, upto=1)
    whose = {"uid": world.bob.uid, "did": world.bob.did, "at": timezone.now()}
    models.Attachment.objects.create(conversation_id=cid, blob_id=cid, size=80, sha256=SECRET, **whose)
    client = log_in(make_person("root-user", is_staff=True, is_superuser=True))
    row = getattr(models, name.capitalize()).objects.get()
    page = client.get(reverse(f"admin:conversations_{name}_change", args=[row.pk]))
    assert page.status_code == 200
    assert SECRET.decode() not in page.content.decode()
    assert client.get(reverse(f"admin:conversations_{name}_changelist")).status_code == 200
    assert client.get(reverse(f"admin:conversations_{name}_add")).status_code == 403
    assert client.post(reverse(f"admin:conversations_{name}_change", args=[row.pk]), {}).status_code == 403
    assert client.post(reverse(f"admin:conversations_{name}_delete", args=[row.pk]), {"post": "yes"}).status_code == 403


def test_no_admin_names_a_blob() -> None:
    models_shown = (admin.EventAdmin, admin.AttachmentAdmin)
    shown = [name for each in models_shown for name in (*each.fields, *each.list_display)]
    assert not {"blob", "sha256"} & {str(name) for name in shown}
