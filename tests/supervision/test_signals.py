import os
import signal
import threading
from collections.abc import Iterator

import pytest

from supervision.signals import NUMBERS, StopSignals, hold_signals, stop_signals


@pytest.fixture(autouse=True)
def former_handlers() -> Iterator[None]:
    former = {number: signal.getsignal(number) for number in NUMBERS}
    yield
    for number, handler in former.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", NUMBERS)
def test_a_signal_waits_until_somebody_listens(number: signal.Signals) -> None:
    with stop_signals() as signals:
        os.kill(os.getpid(), number)
        told: list[signal.Signals] = []
        signals.listen(told.append)
        assert told == [number]
        os.kill(os.getpid(), signal.SIGTERM)
        assert told == [number, signal.SIGTERM]
        signals.listen(None)
        assert signals.taken == told


def test_handlers_are_given_back() -> None:
    former = [signal.getsignal(number) for number in NUMBERS]
    with stop_signals():
        pass
    assert [signal.getsignal(number) for number in NUMBERS] == former


def test_those_of_the_first_line_are_found_and_signals_ignored_after_the_last() -> None:
    hold_signals()
    first = StopSignals.installed()
    hold_signals()
    os.kill(os.getpid(), signal.SIGHUP)
    with stop_signals() as signals:
        assert signals is first
        assert signals.taken == [signal.SIGHUP]
    os.kill(os.getpid(), signal.SIGTERM)
    assert signals.taken == [signal.SIGHUP]


def test_who_asked_not_to_hear_of_a_closed_terminal_does_not() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with stop_signals() as signals:
        os.kill(os.getpid(), signal.SIGHUP)
        assert signals.taken == []


def test_the_third_signal_ends_what_does_not_end_by_itself(capsys: pytest.CaptureFixture[str]) -> None:
    ended: list[int] = []
    done = threading.Event()

    def end(code: int) -> None:
        ended.append(code)
        done.set()

    signals = StopSignals(0.05, end)
    signals.install()
    for number in (signal.SIGINT, signal.SIGHUP):
        os.kill(os.getpid(), number)
    assert not done.wait(0.2)
    os.kill(os.getpid(), signal.SIGTERM)
    assert done.wait(10)
    assert ended == [128 + signal.SIGTERM]
    assert "error: SIGTERM: not stopped in order: orders stay at the exchange" in capsys.readouterr().err


def test_other_threads_install_nothing() -> None:
    former = [signal.getsignal(number) for number in NUMBERS]
    taken: list[StopSignals] = []

    def run() -> None:
        with stop_signals() as signals:
            taken.append(signals)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert [signal.getsignal(number) for number in NUMBERS] == former
    assert taken[0].taken == []
