"""The verbs without an account: `open` reads an export, `vectors` judges test values, `verify-assets` a site."""

import argparse
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from reference.account import open_account
from reference.archive import Archive, open_archive
from reference.asking import ask_passphrase
from reference.assets import verify_assets
from reference.filename import clean_file_name
from reference.transcript import Line, read_transcript
from reference.vectors import check
from reference.web import Web

LAST_MS = 253402300799999  # of the year 9999
ESCAPED = {code: repr(chr(code))[1:-1] for code in (*range(32), 127, *range(0x202A, 0x202F), *range(0x2066, 0x206A))}


def read(given: argparse.Namespace) -> int:
    """Prints every line; 1 when anything was refused or is missing."""
    account = open_account(given.key_file.read_bytes(), ask_passphrase(given.secrets))
    archive = open_archive(given.file.read_bytes(), hk_seeds=account.hk_seeds.values())
    show, faults, count = _as_json if given.json else _as_text, 0, 0
    for line in read_transcript(archive, account):
        print(show(line, archive))
        faults += line.code is not None
        count += 1
    if not given.json:
        print(f"-- {count} lines, {faults} of them refused or missing; exported {_time(archive.made_ms)}")
    return 1 if faults else 0


def judge_vectors(given: argparse.Namespace) -> int:
    """Prints a line a case type and one for each case that fails; 1 when there is any, or no case at all."""
    results = check.run(given.files)
    failures = [f"{result['id']}: {result['detail']}" for result in results if not result["ok"]]
    print("\n".join([*check.lines("reference", results), *failures]))
    return 1 if failures or not results else 0


def verify_site(given: argparse.Namespace) -> int:
    """Prints the build and what does not fit, one line each; 1 when there is anything."""
    build, findings = verify_assets(Web(given.origin), log_key=given.log_key.read_text() if given.log_key else None)
    print(f"build {build}")
    for finding in findings:
        print(f"{finding.where}: {finding.what}")
    return 1 if findings else 0


def _as_json(line: Line, archive: Archive) -> str:
    name = _name(line, archive)
    fields = {"seq": line.seq, "at_ms": line.at_ms, "from": name, "kind": line.kind, "code": line.code}
    return json.dumps({**fields, "content": dict(line.fields)}, ensure_ascii=True)


def _as_text(line: Line, archive: Archive) -> str:
    """Control and bidi characters are shown, not sent to the terminal."""
    body = _file(line.fields) if line.kind == "file" else str(line.fields.get("body", line.fields.get("e", "")))
    told = "" if line.kind == "text" else f"[{line.kind}] "
    fault = "" if line.code is None else f"  ({line.code})"
    return f"{_time(line.at_ms)} {_name(line, archive)}: {told}{body}".translate(ESCAPED) + fault


def _file(fields: Mapping[str, Any]) -> str:
    """An export names files; their bytes stay at the server, under the blob's number."""
    return f"{clean_file_name(fields['name'])}, {fields['size']} bytes, blob {fields['blob']}"


def _name(line: Line, archive: Archive) -> str:
    return dict(zip(archive.uids, archive.names, strict=True)).get(line.uid, "?")


def _time(at_ms: int) -> str:
    """The server's clock, whatever it says."""
    if at_ms > LAST_MS:
        return f"{at_ms} ms"
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")
