"""The line to PostgreSQL, when the other end is gone."""

import os
import socket
import subprocess
import sys

from chatproject.first_secrets import make_secrets
from tests.sources import ROOT

CONNECT = """
import django, psycopg, time
django.setup()
from django.db import connection
began = time.monotonic()
try:
    psycopg.connect(**connection.get_connection_params())
except psycopg.OperationalError:
    print(time.monotonic() - began)
"""


def test_a_server_that_says_nothing_is_given_up_in_seconds(tmp_path):
    make_secrets(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        url = f"postgres://chat@127.0.0.1:{mute.getsockname()[1]}/chat"
        settings = {"DATA_DIR": str(tmp_path), "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "chatproject.settings"}
        done = subprocess.run(
            [sys.executable, "-c", CONNECT],
            cwd=ROOT,
            env={**os.environ, **settings},
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
    assert 1 < float(done.stdout) < 10
