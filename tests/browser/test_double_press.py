"""A button pressed twice: the form goes out once, and the first answer is the one that is shown.

While an answer is awaited Playwright looks into no page: there only the mouse and the keyboard are used.
"""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, Request, Route, expect

from tests.browser.people import Person
from tests.browser.profile import Profile
from tests.browser.server import Site

pytestmark = pytest.mark.browser
STEPS_MS, STEPS = 50, 400
IS_BUSY = "document.querySelector('main form').ariaBusy === 'true'"


class Held:
    """Posts of forms wait here, on their way to the server, until the test lets them go."""

    def __init__(self, page: Page) -> None:
        self.page, self.number = page, 0
        self._routes: list[Route] = []
        page.on("request", self._count)
        page.route("**/*", self._hold)

    def _count(self, request: Request) -> None:
        self.number += request.method == "POST"

    def _hold(self, route: Route) -> None:
        if route.request.method == "POST":
            self._routes.append(route)
        else:
            route.continue_()

    def wait_for(self, number: int) -> None:
        for _ in range(STEPS):
            if len(self._routes) >= number:
                return
            self.page.wait_for_timeout(STEPS_MS)
        raise AssertionError(f"{len(self._routes)} posts")

    def let_go(self) -> None:
        """The newest one reaches the server; a page that sends a form again has given up the ones before."""
        *given_up, newest = self._routes
        for route in given_up:
            route.abort("aborted")
        newest.continue_()

    def lose(self) -> None:
        """The page stays as it is."""
        self._routes.pop().abort("aborted")


class Presses:
    """One button of the page, pressed in one way."""

    def __init__(self, page: Page, how: str) -> None:
        button = page.locator("main form [type=submit]")
        button.focus()
        place = button.bounding_box()
        assert place is not None
        self._press = {
            "mouse": lambda: page.mouse.click(place["x"] + 5, place["y"] + 5),
            "keyboard": lambda: page.keyboard.press("Enter"),
        }[how]

    def __call__(self) -> None:
        self._press()


@pytest.fixture
def visitor(chromium: Browser, site: Site, profile: Callable[..., Profile]) -> Iterator[Profile]:
    one = profile(chromium, site)
    yield one
    one.page.unroute_all(behavior="ignoreErrors")
    one.page.close()


def fill_sign_up(one: Profile, name: str) -> None:
    person = Person(name, "Twice")
    one.page.goto("/signup/")
    one.fill(name=person.name, display_name=person.display_name, password=person.password)


def expect_signed_up(one: Profile) -> None:
    expect(one.page).to_have_url(re.compile(r"/second-step/set-up/$"))


@pytest.mark.parametrize("how", ["mouse", "keyboard"])
def test_two_presses_make_one_account_and_show_what_comes_next(visitor: Profile, how: str) -> None:
    fill_sign_up(visitor, f"twice-{how}")
    held, press = Held(visitor.page), Presses(visitor.page, how)
    for _ in range(3):
        press()
        held.wait_for(1)
    visitor.page.wait_for_timeout(STEPS_MS)
    held.let_go()
    expect_signed_up(visitor)
    assert held.number == 1


def test_two_presses_spend_a_code_once_and_lead_in(visitor: Profile) -> None:
    person = Person("spent", "Spent")
    visitor.new_account(person)
    visitor.page.goto("/account/")
    visitor.page.locator("form[action='/account/sessions/end/'] button").click()
    visitor.password_step(person)
    visitor.page.locator("a[href*='factor=accounts.recovery']").click()
    visitor.fill(code=person.recovery_codes[-1])
    held = Held(visitor.page)
    for _ in range(2):
        visitor.page.keyboard.press("Enter")
        held.wait_for(1)
    visitor.page.wait_for_timeout(STEPS_MS)
    held.let_go()
    expect(visitor.page).to_have_url(re.compile(r"/chat/$"))
    assert held.number == 1


def lose_a_request(visitor: Profile) -> tuple[Held, Presses]:
    """The form does not go out a second time, though nobody will answer the first."""
    held, press = Held(visitor.page), Presses(visitor.page, "mouse")
    press()
    held.wait_for(1)
    held.lose()
    assert visitor.page.evaluate(IS_BUSY)
    press()
    visitor.page.wait_for_timeout(STEPS_MS)
    assert held.number == 1
    return held, press


def test_a_request_that_was_lost_can_be_sent_again(visitor: Profile) -> None:
    visitor.page.clock.install()
    fill_sign_up(visitor, "lost")
    held, press = lose_a_request(visitor)
    visitor.page.clock.fast_forward(10_000)
    assert not visitor.page.evaluate(IS_BUSY)
    press()
    held.wait_for(1)
    held.let_go()
    expect_signed_up(visitor)


def test_a_page_that_is_gone_back_to_sends_again(visitor: Profile) -> None:
    """A browser may show it as it was left."""
    fill_sign_up(visitor, "back")
    held, press = lose_a_request(visitor)
    visitor.page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    press()
    held.wait_for(1)
    held.let_go()
    expect_signed_up(visitor)
