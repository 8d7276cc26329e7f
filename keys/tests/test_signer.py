"""The signer never tells two histories, whatever somebody writes into the tables."""

import os

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db.models import F

from keys import checks, formats, services, signer
from keys.models import LogHead, LogNode, LogState
from keys.signer import SignerRefused
from keys.tests.owners import Owner

pytestmark = pytest.mark.django_db


def publish(owner: Owner, times: int) -> None:
    for _ in range(times):
        owner.publish()


def test_it_signs_an_empty_log() -> None:
    head = services.current_head()
    formats.check_head(signer.as_head(head), sig=bytes(head.sig), log_pub=signer.public_key())
    assert head.size == 0


@pytest.mark.parametrize("size", [0, 1, 4])
def test_it_refuses_a_smaller_head(alice: Owner, size: int) -> None:
    publish(alice, 5)
    with pytest.raises(SignerRefused, match="smaller"):
        signer.signed_head(size)
    assert signer.signed_head(5).size == 5


def test_it_refuses_a_history_that_was_rewritten(alice: Owner) -> None:
    publish(alice, 5)
    LogNode.objects.filter(level=2, index=0).update(value=os.urandom(32))
    with pytest.raises(SignerRefused, match="history"):
        alice.publish()
    assert services.log_size() == 5


def test_it_refuses_a_fork_in_which_the_last_head_was_replaced(alice: Owner) -> None:
    publish(alice, 3)
    LogHead.objects.filter(size=3).update(root=os.urandom(32))
    with pytest.raises(SignerRefused, match="log key"):
        alice.publish()


def test_it_refuses_when_blocks_are_gone(alice: Owner) -> None:
    publish(alice, 4)
    LogNode.objects.filter(level=2).delete()
    with pytest.raises(SignerRefused, match="missing"):
        signer.signed_head(4)


def test_it_refuses_a_log_that_another_key_signed(alice: Owner, settings) -> None:
    publish(alice, 1)
    assert checks.log_key_is_the_one_that_signed(None, databases=["default"]) == []
    settings.LOG_KEY_SEEDS = [os.urandom(32)]
    with pytest.raises(SignerRefused, match="log key"):
        signer.signed_head(1)
    assert [error.id for error in checks.log_key_is_the_one_that_signed(None, databases=["default"])] == ["keys.E002"]


@pytest.mark.parametrize("seed", [b"", bytes(32), b"\x07" * 31], ids=["none", "zero", "short"])
def test_a_log_key_that_is_none_stops_the_start(settings, seed: bytes) -> None:
    assert checks.log_key_is_there(None) == []
    settings.LOG_KEY_SEEDS = [seed]
    assert [error.id for error in checks.log_key_is_there(None)] == ["keys.E001"]


def test_a_note_that_could_be_one_of_the_protocols_objects_is_not_signed() -> None:
    for text in (b"", formats.label("sth"), formats.label("asset-leaf")):
        with pytest.raises(SignerRefused):
            signer.sign_note(text)


def test_a_head_is_signed_anew_after_half_an_hour(alice: Owner) -> None:
    with time_machine.travel("2026-11-23T10:00:00Z", tick=False) as clock:
        publish(alice, 1)
        clock.shift(30 * 60 - 1)
        assert services.current_head() == LogHead.objects.get()
        clock.shift(1)
        assert services.current_head().ts_ms - LogHead.objects.earliest("pk").ts_ms == 30 * 60 * 1000
    assert LogHead.objects.count() == 2


def test_time_never_runs_backwards_in_heads(alice: Owner) -> None:
    with time_machine.travel("2026-11-23T10:00:00Z", tick=False) as clock:
        publish(alice, 1)
        clock.shift(-3600)
        publish(alice, 1)
    first, second = LogHead.objects.order_by("pk")
    assert second.ts_ms == first.ts_ms


def test_the_command_signs_and_reports_damage(alice: Owner, capsys) -> None:
    publish(alice, 2)
    call_command("keylog_sign")
    assert "size 2" in capsys.readouterr().out
    LogState.objects.update(size=F("size") - 1)
    with time_machine.travel("2099-01-01T00:00:00Z"), pytest.raises(CommandError) as error:
        call_command("keylog_sign")
    assert error.value.returncode == 3


def test_the_seed_shows_in_no_message(alice: Owner, settings) -> None:
    publish(alice, 2)
    with pytest.raises(SignerRefused) as error:
        signer.signed_head(1)
    assert settings.LOG_KEY_SEEDS[0].hex() not in repr(error.getrepr(showlocals=True))
