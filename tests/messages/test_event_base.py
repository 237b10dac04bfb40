"""Events are made by name: what is easily exchanged passes no type checker."""

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from messages.ids import ClientOrderId, Nanos, VenueOrderId
from messages.orders import Accepted, Filled
from tests.trading.strategies.harness import D

ROOT = Path(__file__).parents[2]
RIGHT = """
from decimal import Decimal
from messages.ids import ClientOrderId, Nanos, VenueOrderId
from messages.orders import Accepted, Filled

client, venue = ClientOrderId("g000rs0abcdefghijk"), VenueOrderId("OQCLML-BW3P3-BUCMWZ")
moment, one = Nanos(1_790_000_000_000_000_000), Decimal(1)
Accepted(order_id=client, exchange_id=venue, time=moment)
Filled(order_id=client, exchange_id=venue, fill_id="T1", filled=one, cost=one, fee=one, time=moment)
{client: venue}[client]
"""
WRONG = {
    "ids exchanged": "Accepted(order_id=venue, exchange_id=client, time=moment)",
    "ids of no kind": 'Accepted(order_id="g", exchange_id="O", time=moment)',
    "one id for the other": "Accepted(order_id=client, exchange_id=client, time=moment)",
    "ids exchanged, without names": "Accepted(venue, client, moment)",
    "cost for volume, without names": 'Filled(client, venue, "T1", Decimal(60000), one, one, moment)',
    "seconds for nanoseconds": "Accepted(order_id=client, exchange_id=venue, time=1_790_000_000)",
    "seconds of a clock": "Accepted(order_id=client, exchange_id=venue, time=1_790_000_000.5)",
    "asked for by the other id": "{client: venue}[venue]",
}


def test_a_type_checker_refuses_what_is_easily_exchanged(tmp_path: Path) -> None:
    source = tmp_path / "exchanged.py"
    source.write_text(RIGHT + "\n".join(WRONG.values()))
    checked = [sys.executable, "-m", "mypy", "--strict", f"--cache-dir={tmp_path / 'cache'}", str(source)]
    done = subprocess.run(checked, cwd=ROOT, capture_output=True, text=True, check=False)
    refused = {int(line.split(":")[1]) for line in done.stdout.splitlines() if line.startswith(str(source))}
    first = RIGHT.count("\n") + 1
    assert refused == set(range(first, first + len(WRONG))), done.stdout


def test_a_plug_in_of_an_earlier_version_may_still_leave_the_names_out() -> None:
    by_name = Accepted(order_id=ClientOrderId("g"), exchange_id=VenueOrderId("O"), time=Nanos(1))
    assert Accepted(ClientOrderId("g"), VenueOrderId("O"), Nanos(1)) == by_name  # type: ignore[call-arg]
    assert msgspec.json.decode(msgspec.json.encode(by_name), type=Accepted) == by_name
    assert msgspec.structs.replace(by_name, time=2).time == 2
    with pytest.raises(TypeError):
        Filled(ClientOrderId("g"), VenueOrderId("O"), "T", D(1), D(1), D(0))  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="3 fields, 4"):
        Accepted(ClientOrderId("g"), VenueOrderId("O"), Nanos(1), "more")  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="time was given by position and by name"):
        Accepted(ClientOrderId("g"), VenueOrderId("O"), Nanos(1), time=Nanos(2))  # type: ignore[call-arg, misc]
