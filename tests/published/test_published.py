"""X25519, Ed25519, AES-GCM, HKDF, HMAC and PBKDF2 as published, through the product's wrappers, in three engines."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.published.through_reference import verdict
from tests.published.vectors import published
from tests.vectors.browser import Evaluate, module_page, module_server
from tests.webkit import webkit_page

CASES = published()
VERDICTS = """async (cases) => (await import("/tests/published/page.js")).verdicts(cases)"""
AT_ONCE = 500
ENGINES = ("chromium", "firefox", "webkit")


@contextmanager
def page_of(engine: str) -> Iterator[Evaluate]:
    if engine != "webkit":
        with module_page(engine) as evaluate:
            yield evaluate
        return
    with module_server() as origin, webkit_page(origin) as page:
        yield page.evaluate


def is_unable(engine: str, case: dict) -> bool:
    """WebKitGTK imports no Ed25519 seed that begins with a zero byte; the product makes none (section 1)."""
    return engine == "webkit" and case["call"] in {"sign", "ed25519_public"} and case["in"]["seed"].startswith("00")


def differences(verdicts: list[str], engine: str = "") -> list[str]:
    wanted = ["unable" if is_unable(engine, case) else case["want"] for case in CASES]
    told = zip(CASES, wanted, ("unable" if one.startswith("DataError") else one for one in verdicts), strict=True)
    return [f"{case['id']}: {got[:200]} instead of {want}" for case, want, got in told if got != want]


def test_there_are_cases_of_each_kind():
    calls = Counter(case["call"] for case in CASES)
    assert calls["verify"] > 2000
    assert min(calls["gcm_open"], calls["gcm_seal"], calls["sign"]) > 500
    assert calls["dh"] > 35
    assert min(calls["kdf"], calls["mac"], calls["pbkdf2"]) >= 4
    assert {case["want"] for case in CASES if "_" in case["want"]} == {"BAD_KEY", "BAD_SIG", "BAD_TAG"}


def test_the_reference_says_what_was_published():
    assert differences([verdict(case) for case in CASES]) == []


@pytest.mark.browser
@pytest.mark.parametrize("engine", ENGINES)
def test_the_page_says_what_was_published(engine: str) -> None:
    with page_of(engine) as evaluate:
        told: list[str] = []
        for start in range(0, len(CASES), AT_ONCE):
            told += evaluate(VERDICTS, CASES[start : start + AT_ONCE])
    assert differences(told, engine) == []
