"""What a proxy with a certificate does for the server: TLS outside, plain HTTP inside, and who asked in headers."""

import asyncio
import contextlib
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

CHUNK_BYTES = 65536
HEADERS = b"X-Forwarded-Proto: https\r\nX-Forwarded-For: 127.0.0.1\r\n"


@contextlib.contextmanager
def tls_front(folder: Path, port: int, inside: int) -> Iterator[Path]:
    """Listens on `port` of this machine and passes on to port `inside`; gives the certificate to be trusted."""
    certificate, key = make_certificate(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    loop = asyncio.new_event_loop()

    async def serve() -> asyncio.Server:
        return await asyncio.start_server(lambda *line: _pass_on(*line, inside), "127.0.0.1", port, ssl=context)

    server = loop.run_until_complete(serve())
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield certificate
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """Of localhost and 127.0.0.1, signed by itself, good for a day."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).add_extension(names, critical=False)
    builder = builder.not_valid_before(now - timedelta(hours=1)).not_valid_after(now + timedelta(days=1))
    ca = x509.BasicConstraints(ca=True, path_length=None)
    made = builder.add_extension(ca, critical=True).sign(key, hashes.SHA256())
    paths = folder / "tls.crt", folder / "tls.key"
    paths[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    paths[1].write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
    return paths


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, inside: int) -> None:
    """One request a connection, so that the headers stand before each."""
    with contextlib.suppress(OSError, asyncio.IncompleteReadError):
        first, _, rest = (await reader.readuntil(b"\r\n\r\n")).partition(b"\r\n")
        own = HEADERS if b"upgrade: websocket" in rest.lower() else HEADERS + b"Connection: close\r\n"
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", inside)
        up_writer.write(first + b"\r\n" + own + rest)
        await asyncio.gather(_copy(reader, up_writer), _copy(up_reader, writer))


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(CHUNK_BYTES):
            writer.write(data)
            await writer.drain()
    with contextlib.suppress(OSError):
        writer.close()
