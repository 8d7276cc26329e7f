"""Attacks on files: their cryptography, names and bounds. What the page does with them: test_page_files.py."""

import pytest

pytestmark = pytest.mark.browser


def test_a61_another_blob_is_refused(bench):
    bench("a61")


def test_a62_chunks_keep_their_order_and_number(bench):
    bench("a62")


def test_a63_the_declared_size_is_a_ceiling(bench):
    bench("a63")


def test_a64_a_file_name_cannot_lie(bench):
    assert bench("a64") == "_CON"


def test_a66_an_image_is_measured_before_it_is_decoded(bench):
    assert bench("a66") is None
