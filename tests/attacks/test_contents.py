"""Attacks inside the seal and around it: scenarios of contents.js."""

import pytest

from reference.content import parse_content
from reference.errors import ProtocolError

pytestmark = pytest.mark.browser


def test_a49_a_row_that_the_server_takes_away_is_a_gap_and_no_delete(bench):
    bench("a49_server")


def test_a53_the_senders_time_is_shown_and_the_servers_flagged(bench):
    bench("a53")


def test_a55_a_message_that_was_stored_twice_is_shown_once(bench):
    bench("a55")


def test_a56_only_padded_sizes_are_on_the_wire(bench):
    bench("a56")


def test_a58_what_does_not_open_is_told_to_nobody(bench):
    bench("a58")


def test_a59_the_page_refuses_what_two_parsers_may_read_in_two_ways(bench):
    assert len(bench("a59")) > 10


def test_a59_both_parsers_refuse_the_same_odd_contents(bench):
    for text in bench("a59"):
        with pytest.raises(ProtocolError, match="BAD_CONTENT"):
            parse_content(text.encode("utf-8", "surrogatepass"))
