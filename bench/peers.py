"""Prosody and ejabberd from their Debian packages: archives (MAM) on PostgreSQL, XEP-0198, no limits of rate.

They run with a configuration and folders of their own, listen on loopback and are stopped by their number.
"""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import psycopg

from bench.stage import Contender, Stage
from bench.xmpp import DOMAIN, PASSWORD
from tests.services import free_port

PACKAGES = ("prosody", "prosody-modules", "lua-dbi-postgresql", "ejabberd", "erlang-p1-pgsql")
NEEDED = ("/usr/bin/prosody", "/usr/sbin/ejabberdctl")
EJABBERD_SCHEMA = Path("/usr/share/ejabberd/sql/pg.sql")
ERLANG_LIBRARIES = "/usr/lib/x86_64-linux-gnu"
ARCHITECTURES = Path("/usr/lib")
SQL_POOL_SECONDS = 4.0  # ejabberd listens before its connections to the database are ready
PROSODY = """
run_as_root = false
pidfile = "{folder}/prosody.pid"
data_path = "{folder}"
plugin_paths = {{ "/usr/lib/prosody/modules" }}
modules_enabled = {{ "roster", "saslauth", "disco", "mam", "smacks" }}
modules_disabled = {{ "s2s", "tls", "offline", "limits" }}
interfaces = {{ "127.0.0.1" }}
c2s_ports = {{ {port} }}
s2s_ports = {{ }}
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
authentication = "internal_plain"
storage = {{ archive = "sql" }}
sql = {{ driver = "PostgreSQL", database = "prosody", username = "chat", password = "", host = "127.0.0.1",
  port = {postgres} }}
default_archive_policy = true
archive_expires_after = "never"
log = {{ error = "*console" }}
network_backend = "epoll"
VirtualHost "{domain}"
"""
PROSODY_ACCOUNT = 'return {{ ["password"] = "{}" }};'
EJABBERD = """
hosts: ["{domain}"]
loglevel: error
listen:
  - {{port: {port}, ip: "127.0.0.1", module: ejabberd_c2s, max_stanza_size: 262144, shaper: none, access: all}}
auth_method: sql
auth_password_format: plain
default_db: sql
sql_type: pgsql
sql_server: "127.0.0.1"
sql_port: {postgres}
sql_database: ejabberd
sql_username: chat
sql_password: ""
shaper: {{}}
modules:
  mod_disco: {{}}
  mod_roster: {{}}
  mod_mam: {{default: always}}
  mod_stream_mgmt: {{}}
"""
EJABBERD_ACCOUNTS = "INSERT INTO users (username, password) SELECT %s || n, %s FROM generate_series(0, %s) AS n"


def install() -> None:
    """With apt, when they are missing and this is root; SystemExit otherwise."""
    if all(Path(place).exists() for place in NEEDED):
        return
    if os.getuid() != 0 or not shutil.which("apt-get"):
        sys.exit(f"Missing: install {' '.join(PACKAGES)} or leave out prosody and ejabberd (--only).")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}  # nothing is started
    command = ["apt-get", "install", "-y", "--no-install-recommends", *PACKAGES]
    subprocess.run(command, check=True, env=environment, stdout=sys.stderr)


def prosody(stage: Stage) -> Contender:
    stage.database("prosody")
    folder, port = stage.folder(), free_port()
    configuration = folder / "prosody.cfg.lua"
    configuration.write_text(PROSODY.format(folder=folder, port=port, postgres=stage.postgres_port, domain=DOMAIN))
    accounts = folder / DOMAIN / "accounts"
    accounts.mkdir(parents=True)
    for name, count in _accounts(stage):
        for number in range(count):
            (accounts / f"{name}{number}.dat").write_text(PROSODY_ACCOUNT.format(PASSWORD))
    if os.getuid() == 0:
        subprocess.run(["chown", "-R", "nobody", folder], check=True)
    pid = stage.process(["prosody", "--config", configuration, "-F"], port, folder / "log", cwd="/")
    return Contender("Prosody", "xmpp", port, "", {}, stage.roots(pid))


def ejabberd(stage: Stage) -> Contender:
    url, folder, port = stage.database("ejabberd"), stage.folder(), free_port()
    with psycopg.connect(url) as connection:
        connection.execute(EJABBERD_SCHEMA.read_text())
        for name, count in _accounts(stage):
            connection.execute(EJABBERD_ACCOUNTS, (name, PASSWORD, count))
    configuration = folder / "ejabberd.yml"
    configuration.write_text(EJABBERD.format(port=port, postgres=stage.postgres_port, domain=DOMAIN))
    configuration.chmod(0o644)
    tables = f'"{folder}/tables"'
    words = ["erl", "-noinput", "+K", "true", "+P", "250000", "+sbwt", "none", "+sbwtdcpu", "none", "+sbwtdio", "none"]
    command = [*words, "-mnesia", "dir", tables, "-s", "ejabberd"]
    environment = {
        **os.environ,
        "HOME": str(folder),
        "ERL_LIBS": ERLANG_LIBRARIES,
        "EJABBERD_CONFIG_PATH": str(configuration),
        "EJABBERD_LOG_PATH": str(folder / "ejabberd.log"),
        "ERL_CRASH_DUMP_BYTES": "0",
    }
    pid = stage.process(command, port, folder / "log", cwd=str(folder), env=environment)
    time.sleep(SQL_POOL_SECONDS)
    return Contender("ejabberd", "xmpp", port, "", {}, stage.roots(pid), threads=os.cpu_count() or 1)


def _accounts(stage: Stage) -> list[tuple[str, int]]:
    return [("person", 2 * stage.pairs), ("idle", stage.idle)]
