"""`kill -9` at any moment: the next start goes on as if nothing had happened."""

import random
from pathlib import Path

import pytest

from tests.process import running

pytestmark = pytest.mark.process

ROWS = 1500
KILLS = 5


def test_a_replay_killed_again_and_again_ends_with_the_orders_of_an_undisturbed_one(tmp_path: Path) -> None:
    undisturbed, disturbed = tmp_path / "undisturbed", tmp_path / "disturbed"
    for folder in (undisturbed, disturbed):
        folder.mkdir()
        running.configuration(folder, prices=running.price_file(folder, ROWS))
    ended = running.run_to_end(undisturbed, "trial.toml")
    assert ended.returncode == 0, ended.stderr
    moments = random.Random(7)
    database = disturbed / "trial.duckdb"
    for _ in range(KILLS):
        with running.started(disturbed, disturbed / "trial.toml") as process:
            running.kill_when(process, database, 0.3 + moments.random())
    ended = running.run_to_end(disturbed, "trial.toml")
    assert ended.returncode == 0, ended.stderr

    expected = undisturbed / "trial.duckdb"
    assert len(running.fills(expected)) > 40
    assert running.fills(database) == running.fills(expected)
    assert running.open_orders(database) == running.open_orders(expected)
    assert running.paper_account(database) == running.paper_account(expected)
    assert running.placed_twice(database) == []


def test_the_synthetic_demo_goes_on_with_the_same_ladder_after_kill_9(tmp_path: Path) -> None:
    path = running.configuration(tmp_path, speed="200")
    database = tmp_path / "trial.duckdb"
    with running.started(tmp_path, path) as process:
        running.kill_when(process, database, 3)
    before = {order["exchange_id"]: order for order in running.paper_orders(database) if order["status"] == "open"}
    with running.started(tmp_path, path) as process:
        running.kill_when(process, database, 1.5)
    after = {order["exchange_id"]: order for order in running.paper_orders(database)}
    assert before
    assert before.keys() <= after.keys()
    ids = [order["order_id"] for order in after.values()]
    assert len(ids) == len(set(ids))
    assert running.placed_twice(database) == []
