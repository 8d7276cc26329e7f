"""What a new installation needs before anything starts: secrets, passwords of the stores, a local certificate.

`first-start folders FOLDER` writes them below FOLDER, one folder for each reader (compose mounts each as a volume).
`first-start cluster` makes them Secrets of the pod's own namespace. What is there is kept, and nothing is shown.
"""

import base64
import ipaddress
import json
import os
import secrets
import ssl
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from chatproject.first_secrets import BYTES

CERTIFICATE_DAYS = 825  # the most that every browser takes from a certificate that was added by hand
POD = Path("/var/run/secrets/kubernetes.io/serviceaccount")
Files = dict[str, str]
Kept = Callable[[str, str], str | None]


def wanted(kept: Kept, host: str) -> dict[str, Files]:
    """Reader -> file -> content. The passwords in kept addresses are the ones the stores get."""
    accounts, messages, redis = (
        _password(kept("web", name)) for name in ("DATABASE_URL", "MESSAGES_DATABASE_URL", "REDIS_URL")
    )
    certificate, key = _certificate(host) if kept("tls", "tls.crt") is None else ("", "")
    web = {name: _random(size) for name, size in BYTES.items()} | {
        "DATABASE_URL": f"postgres://accounts:{accounts}@accounts-db:5432/accounts",
        "MESSAGES_DATABASE_URL": f"postgres://messages:{messages}@messages-db:5432/messages",
        "REDIS_URL": f"redis://:{redis}@redis:6379/0",
        "EMAIL_URL": "",
    }
    return {
        "web": web,
        "accounts-db": {"password": accounts},
        "messages-db": {"password": messages},
        "redis": {"password.conf": f"requirepass {redis}\n"},
        "tls": {"tls.key": key, "tls.crt": certificate},  # in this order: with a certificate there is a key
    }


def _password(url: str | None) -> str:
    return (urlsplit(url.strip()).password if url else None) or secrets.token_hex(24)


def _random(size: int) -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(size)).decode().rstrip("=")


def _certificate(host: str) -> tuple[str, str]:
    """A self-signed certificate for this host and this machine, and its key, until there is a real one."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Llave local certificate")])
    names = [_general_name(each) for each in dict.fromkeys([host, "localhost", "127.0.0.1"])]
    now = datetime.now(UTC)
    usage = dict.fromkeys(
        [
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "key_cert_sign",
            "crl_sign",
            "encipher_only",
            "decipher_only",
        ],
        False,
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=CERTIFICATE_DAYS))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(digital_signature=True, **usage), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return certificate.public_bytes(serialization.Encoding.PEM).decode(), pem.decode()


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


# --- folders ---------------------------------------------------------------------------------------------------------


def into_folders(root: Path, host: str) -> list[str]:
    """Write what is missing, readable for whoever the folder is mounted to; the names of what was written."""

    def kept(reader: str, name: str) -> str | None:
        path = root / reader / name
        return path.read_text() if path.exists() else None

    made = []
    for reader, files in wanted(kept, host).items():
        (root / reader).mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            if kept(reader, name) is None:
                _write(root / reader / name, content)
                made.append(f"{reader}/{name}")
    return made


def _write(path: Path, content: str) -> None:
    """Whole or not at all: a half-written secret would be kept for ever."""
    draft = path.with_name(f".{path.name}")
    draft.write_text(content)
    draft.chmod(0o444)
    draft.replace(path)


# --- cluster ---------------------------------------------------------------------------------------------------------


def into_cluster(host: str) -> list[str]:
    """Make the Secrets that are missing; the names of those made. Needs `get` and `create` on secrets, nothing more."""
    found: dict[str, dict[str, str] | None] = {}

    def kept(reader: str, name: str) -> str | None:
        if reader not in found:
            found[reader] = _secret(reader)
        data = found[reader]
        return base64.b64decode(data[name]).decode() if data and name in data else None

    made = []
    for reader, files in wanted(kept, host).items():
        if reader not in found:
            found[reader] = _secret(reader)
        if found[reader] is None:
            _create(reader, files)
            made.append(reader)
    return made


def _secret(name: str) -> dict[str, str] | None:
    try:
        return dict(_call("GET", f"/{name}", None).get("data") or {})
    except HTTPError as error:
        if error.code == 404:
            return None
        raise


def _create(name: str, files: Files) -> None:
    kind = "kubernetes.io/tls" if name == "tls" else "Opaque"
    _call(
        "POST",
        "",
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "type": kind, "stringData": files},
    )


def _call(method: str, path: str, body: object) -> dict[str, object]:
    namespace = (POD / "namespace").read_text().strip()
    address = f"{os.environ['KUBERNETES_SERVICE_HOST']}:{os.environ['KUBERNETES_SERVICE_PORT']}"
    request = Request(
        f"https://{address}/api/v1/namespaces/{namespace}/secrets{path}",
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {(POD / 'token').read_text().strip()}", "Content-Type": "application/json"},
    )
    context = ssl.create_default_context(cafile=str(POD / "ca.crt"))
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT  # many clusters made their authority before Python became strict
    with urlopen(request, timeout=20, context=context) as answer:  # noqa: S310
        return dict(json.load(answer))


def main(words: list[str]) -> int:
    host = urlsplit(os.environ.get("SITE_URL", "https://localhost")).hostname or "localhost"
    if len(words) == 2 and words[0] == "folders":
        made = into_folders(Path(words[1]), host)
    elif words == ["cluster"]:
        made = into_cluster(host)
    else:
        print(__doc__)
        return 0 if words == ["--help"] else 2
    print(f"Made: {', '.join(made)}" if made else "Everything is there already.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
