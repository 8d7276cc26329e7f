"""What `verify-assets` says of a page: nothing of the product's own, something of each that could run anything else."""

import re
from email.message import Message

import pytest
from django.test import Client

from reference import assets

pytestmark = pytest.mark.django_db

SCRIPTS = "the policy allows other scripts than this import map"
POLICY = "the policy is not the strict one"
KIND = "another kind of text than a page of this program"
HEADER = "a header that leads elsewhere"
PLAIN = "markup that not every browser reads alike"
SCRIPT = "a script that the import map does not name"
ORDER = "the import map is not the first to run"
TWICE = "an attribute that stands there twice"
ELEMENT = "an element that no page of this program has"
LINK = "a link to other files than the program's own"
ATTRIBUTE = "an attribute that is a program or a style"
CSP = "Content-Security-Policy"


@pytest.fixture
def page():
    """The page of the product and its headers."""
    answer = Client(headers={"host": "localhost"}).get(assets.PAGE)
    headers = Message()
    for name, value in answer.headers.items():
        headers[name] = value
    return answer.content.decode(), headers


def found(page, headers):
    body = page if isinstance(page, bytes) else page.encode()
    return {one.what for one in assets.judge_page(body, headers)}


def with_header(headers, name, *values):
    changed = Message()
    for known, value in headers.items():
        if known != name:
            changed[known] = value
    for value in values:
        changed[name] = value
    return changed


def named_script(page):
    """The one tag of a module in the page."""
    return re.search(r'<script type="module"[^>]*></script>', page)[0]


def test_the_page_of_the_product_passes(page):
    assert found(*page) == set()


def test_the_policy_is_the_one_that_the_server_sends(page):
    rules = [re.sub(r" wss?://\S+", "", rule) for rule in page[1][CSP].split("; ")]
    assert [rule for rule in rules if not rule.startswith("script-src ")] == list(assets.POLICY)
    assert len(rules) == len(assets.POLICY) + 1


@pytest.mark.parametrize(
    "sockets",
    [
        "",
        " wss://chat.example",
        " ws://127.0.0.1:8000 ws://[::1]:8000",
        " wss://chat.example wss://www.chat.example:8443",
    ],
)
def test_the_hosts_of_the_sockets_depend_on_the_site(page, sockets):
    policy = re.sub(r"(?<=connect-src 'self')[^;]*", sockets, page[1][CSP])
    assert found(page[0], with_header(page[1], CSP, policy)) == set()


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("script-src 'self'", "script-src 'self' 'unsafe-inline'", SCRIPTS),
        ("script-src", "script-src *; script-src", SCRIPTS),
        ("style-src", "script-src-elem *; style-src", SCRIPTS),
        ("style-src", "script-src-attr 'unsafe-inline'; style-src", SCRIPTS),
        ("style-src", "SCRIPT-SRC *; style-src", POLICY),
        ("default-src", "default-src *; default-src", POLICY),
        ("default-src 'none'", "default-src\u00a0'none'", POLICY),
        ("style-src 'self'", "style-src *", POLICY),
        ("connect-src 'self'", "connect-src 'self' https://mallory.example", POLICY),
        ("connect-src 'self'", "connect-src 'self' wss://*", POLICY),
        ("worker-src blob:; ", "", POLICY),
        ("worker-src blob:", "worker-src 'self' blob:", POLICY),
        ("object-src 'none'; ", "", POLICY),
        ("base-uri 'none'; ", "", POLICY),
        ("form-action 'self'", "form-action *", POLICY),
        ("frame-ancestors", "frame-src *; frame-ancestors", POLICY),
        ("; trusted-types digest-workers", "", POLICY),
        ("trusted-types digest-workers", "trusted-types digest-workers 'allow-duplicates'", POLICY),
        ("require-trusted-types-for 'script'; ", "", POLICY),
    ],
)
def test_a_wider_policy_is_found(page, old, new, what):
    assert old in page[1][CSP]
    policy = page[1][CSP].replace(old, new, 1)
    assert found(page[0], with_header(page[1], CSP, policy)) == {what}


def test_it_wants_one_policy(page):
    assert found(page[0], with_header(page[1], CSP)) == {SCRIPTS, POLICY}
    assert found(page[0], with_header(page[1], CSP, page[1][CSP], page[1][CSP])) == {SCRIPTS, POLICY}


@pytest.mark.parametrize(
    ("added", "what"),
    [
        ('<script src="/evil.js"></script>', SCRIPT),
        ("<script>globalThis.evil = 1;</script>", SCRIPT),
        ('<script type="speculationrules">{}</script>', SCRIPT),
        ('<script data-a="type=importmap" src="/evil.js"></script>', SCRIPT),
        ('<script data-a=\'type="importmap"\' src="/evil.js"></script>', PLAIN),
        ('<SCRIPT SRC="/evil.js"></SCRIPT>', PLAIN),
        ("<!--><script src=/evil.js></script>-->", PLAIN),
        ("<![CDATA[ > <script src=/evil.js></script> ]]>", PLAIN),
        ('<p a=="><script src=/evil.js></script><p b=">', PLAIN),
        ('<p title="<script>">', PLAIN),
        ('</p a=">">', PLAIN),
        ("<svg><style><script src=/evil.js></script></style></svg>", PLAIN),
        ('<svg><script href="/evil.js"></script></svg>', SCRIPT),
        ('<img src="/x" onerror="evil()">', ATTRIBUTE),
        ('<a href="javascript:evil()">x</a>', ATTRIBUTE),
        ('<a href=" java&#10;Script:evil()">x</a>', ATTRIBUTE),
        ('<form action="javascript:evil()"></form>', ATTRIBUTE),
        ('<p style="background: url(//mallory.example)">x</p>', ATTRIBUTE),
        ('<a href="/about/" href="/x">x</a>', TWICE),
        *((f'<{tag} src="/x"></{tag}>', ELEMENT) for tag in sorted(assets.FOREIGN)),
        ('<meta http-equiv="refresh" content="0; url=https://mallory.example/">', ELEMENT),
        ('<link rel="stylesheet" href="https://mallory.example/x.css">', LINK),
        ('<link rel="stylesheet" href="//mallory.example/static/x.css">', LINK),
        ('<link rel="modulepreload" href="/static/js/main.js">', LINK),
    ],
)
def test_what_runs_or_leads_elsewhere_is_found(page, added, what):
    text, headers = page
    assert found(text.replace("</body>", f"{added}</body>"), headers) == {what}


def test_a_body_that_is_a_program_is_found(page):
    assert found(page[0].replace("<body ", '<body onload="evil()" '), page[1]) == {ATTRIBUTE}


def test_words_in_other_attributes_name_no_script(page):
    text, headers = page
    script = named_script(text)
    other = script.replace(" src=", ' src="/evil.js" data-src=').replace(" integrity=", " data-integrity=")
    assert found(text.replace(script, other), headers) == {SCRIPT}
    first = script.replace(" src=", ' src="/evil.js" src=')
    assert found(text.replace(script, first), headers) == {SCRIPT, TWICE}
    assert found(text.replace(script, re.sub(r" integrity=\"[^\"]*\"", "", script)), headers) == {SCRIPT}


def test_a_script_without_a_map_before_it_is_found(page):
    """Browsers drop a map that comes late, or that is no element at all: what runs then is bound by none."""
    text, headers = page
    script, start = named_script(text), assets.MAP_TAG
    shown = text[text.index(start) : text.index("</script>") + len("</script>")]
    without = text.replace(shown, "")
    assert found(text.replace(start, script + start), headers) == {ORDER}
    assert found(without.replace("<body", f"<noscript>{shown}</noscript><body"), headers) == {ORDER}
    assert found(without.replace("<title>", f"<title>{shown}"), headers) == {ORDER}
    assert found(without.replace("<head>", f"<template></template><head>{shown}"), headers) == {ORDER}
    assert SCRIPTS in found(text.replace(shown, shown + shown), headers)
    assert SCRIPTS in found(without, headers)


@pytest.mark.parametrize("kind", ["text/html", "text/html; charset=utf-16", "application/xhtml+xml; charset=utf-8"])
def test_another_kind_of_text_is_found(page, kind):
    assert found(page[0], with_header(page[1], "Content-Type", kind)) == {KIND}


def test_bytes_that_are_no_utf8_are_found(page):
    text, headers = page
    assert found(text.encode().replace(b"</title>", b"\xff</title>"), headers) == {KIND}


@pytest.mark.parametrize("name", ["Link", "Refresh"])
def test_a_header_that_leads_elsewhere_is_found(page, name):
    assert found(page[0], with_header(page[1], name, "0; url=https://mallory.example/")) == {HEADER}


def test_a_map_that_sends_some_modules_to_other_files_is_found(page):
    class Silent:
        def fetch(self, path):
            raise assets.HttpRefused(404, "")

    whole = "the import map does not give every module a hash"
    text = assets.IMPORT_MAP.findall(page[0])[0]
    scopes = text.replace("{", '{"scopes":{"/":{"/static/js/main.js":"/evil.js"}},', 1)
    assert whole not in {one.what for one in assets._modules(Silent(), text)}
    assert whole in {one.what for one in assets._modules(Silent(), scopes)}
