"""Settings of the test suite: throw-away secrets and folders, the real database engines that the environment names."""

import os
import tempfile
from pathlib import Path

_own = tempfile.TemporaryDirectory(prefix="chat-test-")  # gone with the process
_folder = Path(_own.name)
os.environ["DATA_DIR"] = str(_folder)

from chatproject.first_secrets import make_secrets  # noqa: E402

make_secrets(_folder)

from chatproject.settings import *  # noqa: E402, F403
from chatproject.settings import DATABASES  # noqa: E402

BRIDGE_INLINE = True
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "blobs": {
        "BACKEND": "conversations.attachments.parts.DurableFiles",
        "OPTIONS": {"location": str(_folder / "media")},
    },
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
SERVESTATIC_USE_FINDERS = True
for _name, _database in DATABASES.items():
    if _pool := _database.get("OPTIONS", {}).get("pool"):
        _pool["timeout"] = 60  # a hundred threads of one test wait for ten connections
    if _database["ENGINE"].endswith("sqlite3"):
        _database["TEST"] = {"NAME": str(_folder / f"test-{_name}.sqlite3")}
