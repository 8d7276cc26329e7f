"""`python -m reference`: the second implementation from a terminal. See --help."""

import argparse
import asyncio
import contextlib
import sys
from pathlib import Path

from reference import offline, visit
from reference.client import ChatRefused
from reference.errors import CLASS_B, UNDECIDABLE, ProtocolError
from reference.link import PostRefused
from reference.login import DoorClosed
from reference.web import HttpRefused

DESCRIPTION = """\
A client of protocol e2c/1 written from docs/protocol.md alone. send, listen and export log in, join the account with
its key file as a device of their own and take that device out again when they end: no key is kept. Passwords, codes
and passphrases are asked for, or read from a file with --secrets; they are never arguments. send seals nothing after a
code that a person has to decide about (class B of the protocol), until --continue-after names it. Status 1: refused, or
something is missing; 130: interrupted.
"""
REFUSALS = (ProtocolError, ChatRefused, HttpRefused, PostRefused, DoorClosed, LookupError, OSError, ValueError)
INTERRUPTED = 130


def main(arguments: list[str] | None = None) -> int:
    """The exit status: 0; 1: refused, or something is missing; 130: interrupted, which is how `listen` ends with 0."""
    given = _parser().parse_args(arguments)
    try:
        return int(given.run(given) if given.run in OFFLINE else asyncio.run(given.run(given)))
    except KeyboardInterrupt:
        return 0 if given.run is visit.listen else INTERRUPTED
    except REFUSALS as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m reference", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    verbs = parser.add_subparsers(title="verbs", required=True, metavar="VERB")
    send = verbs.add_parser("send", help="read one text from standard input and send it, or send a file")
    _online(send, visit.send)
    send.add_argument("--file", dest="data_file", type=Path, metavar="FILE", help="send this file instead of a text")
    send.add_argument(
        "--continue-after",
        dest="decided",
        action="append",
        default=[],
        metavar="CODE",
        choices=sorted(CLASS_B - UNDECIDABLE),
        help="the person has seen this code, knows why, and goes on; may be given again",
    )
    listen = verbs.add_parser("listen", help="print what arrives, in the order of the conversation")
    _online(listen, visit.listen)
    listen.add_argument("--count", type=int, default=0, help="end after this many messages (default: never)")
    listen.add_argument("--save-to", type=Path, metavar="FOLDER", help="save the files that arrive in this folder")
    export = verbs.add_parser("export", help="save the conversation as a file that opens with the key file")
    _online(export, visit.export)
    export.add_argument("file", type=Path, metavar="FILE", help="is written; it must not exist yet")
    safety = verbs.add_parser("safety", help="print the number that you and PERSON compare; joins nothing")
    _online(safety, visit.safety)
    opening = verbs.add_parser("open", help="verify and read an export with the key file, without a server")
    opening.add_argument("file", type=Path, metavar="FILE", help="an export of a conversation")
    opening.add_argument("--json", action="store_true", help="one JSON object a line")
    _key_file(opening)
    opening.set_defaults(run=offline.read)
    vectors = verbs.add_parser("vectors", help="judge files of test vectors; needs no server")
    vectors.add_argument("files", nargs="+", type=Path, metavar="FILE", help="a vector file (JSON)")
    vectors.set_defaults(run=offline.judge_vectors)
    site = verbs.add_parser(
        "verify-assets", help="compare the program that a site serves with its log; needs no account"
    )
    site.add_argument("origin", metavar="ORIGIN", help="like https://chat.example")
    site.add_argument(
        "--log-key", type=Path, metavar="FILE", help="what ORIGIN/log/key said earlier, or to somebody else"
    )
    site.set_defaults(run=offline.verify_site)
    return parser


def _online(verb: argparse.ArgumentParser, run: object) -> None:
    verb.add_argument("origin", metavar="ORIGIN", help="like https://chat.example")
    verb.add_argument("account", metavar="ACCOUNT", help="your user name")
    verb.add_argument("person", metavar="PERSON", help="the user name of whom you talk to")
    _key_file(verb)
    verb.add_argument(
        "--evidence", type=Path, metavar="FILE", help="is written when the log of keys shows two faces, to hand on"
    )
    verb.set_defaults(run=run)


def _key_file(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--key-file", type=Path, required=True, metavar="KEYFILE", help="the account's key file")
    verb.add_argument("--secrets", type=Path, metavar="FILE", help="password, code and passphrase, one a line")


OFFLINE = (offline.read, offline.judge_vectors, offline.verify_site)

if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError):
        sys.exit(main())
