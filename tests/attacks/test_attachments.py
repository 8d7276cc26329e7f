"""Attacks on files: their cryptography, names and bounds, for nothing else of them exists yet."""

import pytest

pytestmark = pytest.mark.browser


def test_a61_another_blob_is_refused(bench):
    bench("a61")


def test_a62_chunks_keep_their_order_and_number(bench):
    bench("a62")


def test_a63_the_declared_size_is_a_ceiling(bench):
    bench("a63")


def test_a64_a_file_name_cannot_lie(bench):
    bench("a64")


def test_a66_an_image_is_measured_before_it_is_decoded(bench):
    bench("a66")
