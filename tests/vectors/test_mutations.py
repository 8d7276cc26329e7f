"""The page refuses every damaged object with the very error that the reference has for it, in each engine."""

import pytest

from reference.tests.test_mutations import refusals, stretched_once  # noqa: F401  a fixture
from tests.vectors.browser import Evaluate, module_page
from tests.vectors.mutations import SUBJECTS, Subject

REFUSALS = """async (asked) => (await import("/tests/vectors/mutations.js")).refusals(asked)"""

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module", params=["chromium", "firefox"])
def evaluate(request):
    with module_page(request.param) as run_in_page:
        yield run_in_page


@pytest.mark.parametrize("subject", SUBJECTS, ids=str)
def test_both_implementations_refuse_with_one_error(evaluate: Evaluate, subject: Subject, stretched_once) -> None:  # noqa: F811
    asked = {"object": subject.object, "given": subject.given(), "field": subject.field, "announced": subject.announced}
    assert evaluate(REFUSALS, asked) == list(refusals(subject))
