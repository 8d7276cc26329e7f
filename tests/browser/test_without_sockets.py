"""Where the network lets no WebSocket through the pages still talk, over HTTPS alone (delivery rule D7)."""

from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Response

from tests.browser.people import alice, bob

pytestmark = pytest.mark.browser

REFUSE_SOCKETS = """
class Refused extends EventTarget {
  readyState = Refused.CLOSED;
  constructor() {
    super();
    setTimeout(() => this.onclose?.({ code: 1006, reason: "" }), 0);
  }
  close() {}
}
Object.assign(Refused, { CONNECTING: 0, OPEN: 1, CLOSING: 2, CLOSED: 3 });
globalThis.WebSocket = Refused;
"""


def is_of(method: str, end: str) -> Callable[[Response], bool]:
    return lambda answer: answer.request.method == method and urlsplit(answer.url).path.endswith(end)


def test_two_pages_without_sockets_write_to_each_other(chromium, site, profile):
    she, he = alice(), bob()
    hers, his = profile(chromium, site), profile(chromium, site)
    for person, browser in ((she, hers), (he, his)):
        browser.context.add_init_script(REFUSE_SOCKETS)
        browser.new_account(person)
        browser.make_keys(person)
    hers.start_chat(he)
    hers.send("over HTTPS")
    his.open_chat(she)
    his.expect_message("over HTTPS")
    heads_come, ack_goes = is_of("GET", "/heads/"), is_of("POST", "/ack/")
    with hers.page.expect_response(heads_come) as heads, hers.page.expect_response(ack_goes) as ack:
        his.send("and back")
        hers.expect_message("and back")
    hers.expect_message("over HTTPS", state="delivered")
    assert (heads.value.status, ack.value.status) == (200, 200)
