"""The shape of the program itself: imports point one way, cores are pure, money is exact, every module is tested."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = (
    "messages",
    "config",
    "trading",
    "simulators",
    "actors",
    "adapters",
    "assembly",
    "backtesting",
    "supervision",
    "console",
)
TOP_MODULES = ("supervisor", "backtest", "former_names")
FORMER = {
    Path(name)
    for name in (
        "actors/strategies/__init__.py",
        "actors/strategies/core.py",
        "actors/strategies/grid_base.py",
        "actors/strategies/settings.py",
        "adapters/exchanges/kraken/sandbox/__init__.py",
        "adapters/exchanges/paper/__init__.py",
        "adapters/exchanges/paper/exchange.py",
        "adapters/interfaces.py",
        "supervision/registry.py",
        "supervision/world.py",
    )
}
"""Former names of modules; nothing of ours uses them."""
SOURCES = sorted(
    {
        path.relative_to(ROOT)
        for path in (*(p for package in PACKAGES for p in (ROOT / package).rglob("*.py")), *ROOT.glob("*.py"))
    }
    - FORMER
)
MODULES = [path for path in SOURCES if path.name != "__init__.py"]

_GROUND = ("config", "messages", "trading")
_PARTS = (*_GROUND, "actors", "adapters", "simulators.paper", "simulators.prices")
MAY_IMPORT = {
    "messages": ("messages",),
    "config": ("config", "messages"),
    "trading": ("trading", "messages"),
    "trading/strategies": ("trading.strategies", "messages"),
    "simulators/kraken": ("simulators.kraken", "messages"),
    "simulators/paper": ("simulators.paper", "simulators.prices", "trading.ports", "config", "messages"),
    "simulators/prices": ("simulators.paper", "simulators.prices", "config", "messages"),
    "actors": ("actors", "trading", "messages"),
    "adapters": ("adapters.network", "trading.ports", "config", "messages"),
    # A dry run trades on the paper exchange.
    "adapters/exchanges/kraken": (
        "adapters.network",
        "trading.ports",
        "simulators.paper",
        "simulators.prices",
        "config",
        "messages",
    ),
    "assembly": ("assembly", *_PARTS),
    # The decisions and the simulated exchange, never an actor's shell; how a configuration becomes cores is one code.
    "backtesting": (
        "backtesting",
        "simulators.paper",
        "simulators.prices",
        "assembly.cores",
        "assembly.exit_codes",
        "assembly.reader_left",
        "assembly.registry",
        *_GROUND,
    ),
    "backtesting/data/download.py": ("backtesting", "adapters.exchanges.kraken", "trading.ports", "config", "messages"),
    "supervision": ("supervision", "assembly", *_PARTS),
    "console": ("console", "supervision", "assembly", *_PARTS),
    ".": ("console", "supervision", "supervisor", "assembly", *_PARTS),
    "backtest.py": ("backtesting",),
}
"""What each part may import of ours; the longest matching folder counts. Adapters may import their own package too."""

WORLD = {"asyncio", "datetime", "duckdb", "http", "httpx", "io", "logging", "os", "pathlib", "random", "secrets"} | {
    "socket",
    "ssl",
    "subprocess",
    "sys",
    "tempfile",
    "threading",
    "time",
    "trio",
    "urllib",
    "uuid",
}
PURE = ("messages", "trading")

_ENGINE = ("trading_account", "data/blocks", "engine", "record", "series", "tape")
_FIGURES = ("capital", "costs", "equity", "summary")
PURE_BACKTEST = tuple(f"backtesting/{name}.py" for name in (*_ENGINE, *(f"figures/{name}" for name in _FIGURES)))
"""A run and its figures: what the prices lead to, and nothing else."""

EXACT = (*PURE, *PURE_BACKTEST, "adapters/exchanges", "simulators")
FLOATS_THAT_ARE_NO_MONEY = {
    "simulators/paper/pacing.py": "seconds of the event loop's clock",
    "simulators/prices/reader.py": "type of the reader's options, not of a price",
    **{
        f"adapters/exchanges/kraken/{name}.py": "seconds, and the venue's counters of requests"
        for name in (
            "account/company",
            "account/order_view",
            "account/others",
            "account/stream",
            "account/totals",
            "limits/budget",
            "limits/holds",
            "limits/request_queue",
            "limits/room",
            "limits/turns",
            "market_data/maker_fees",
            "market_data/listing",
            "market_data/last_prices",
            "order_entry/answers",
            "order_entry/deferrals",
            "order_entry/requests",
            "order_entry/reserve",
            "order_entry/rest_orders",
            "reconciliation/balance_check",
            "reconciliation/order_history",
            "reconciliation/unknown_outcomes",
            "session",
            "transport/server_clock",
            "transport/rest_client",
            "transport/skipped",
            "transport/websockets",
            "wire/error_texts",
        )
    },
    "messages/backup.py": "seconds",
    "trading/ports.py": "seconds until another try",
    "simulators/kraken/faults.py": "seconds of delay",
    "simulators/kraken/server.py": "seconds of the event loop's clock",
    "simulators/kraken/settings.py": "seconds of silence",
    "simulators/kraken/sockets.py": "seconds of delay",
}

ROLES = {"actor", "exchange", "journal", "session"}
"""Names that say what a module is for its neighbours; the rooms say of what."""

TESTED_ELSEWHERE = {
    "adapters/journal/snapshot.py": "tests/adapters/journal/test_backing_up.py",
    "console/restore_command.py": "tests/process/test_keep.py",
    "actors/market_time.py": "tests/actors/test_strategy_clock.py",
    "trading/core_in_use.py": "tests/trading/test_strategy_run.py",
    "trading/strategies/core.py": "tests/trading/strategies/test_grid_base.py",
    "trading/strategies/settings.py": "tests/trading/strategies/test_rules.py",
    "config/schema.py": "tests/config/test_load.py",
    "config/field_types.py": "tests/config/test_tables.py",
    "messages/account.py": "tests/messages/test_mailboxes.py",
    "messages/conditions.py": "tests/messages/test_mailboxes.py",
    "messages/journal.py": "tests/messages/test_mailboxes.py",
    "messages/letters.py": "tests/actors/notifier/test_actor.py",
    "messages/market.py": "tests/messages/test_mailboxes.py",
    "messages/notices.py": "tests/messages/test_mailboxes.py",
    "messages/orders.py": "tests/messages/test_mailboxes.py",
    "messages/status.py": "tests/messages/test_mailboxes.py",
    "adapters/network/http_transport.py": "tests/adapters/network/test_tunnel.py",
    "simulators/paper/pacing.py": "tests/simulators/paper/test_exchange.py",
    "simulators/prices/reader.py": "tests/simulators/prices/test_file.py",
    "simulators/prices/choice.py": "tests/simulators/prices/test_file.py",
    "simulators/paper/session.py": "tests/simulators/paper/test_exchange.py",
    "simulators/prices/source.py": "tests/simulators/paper/test_exchange.py",
    "adapters/exchanges/kraken/transport/feed.py": "tests/adapters/exchanges/kraken/test_session_connection.py",
    "adapters/exchanges/kraken/market_data/listing.py": "tests/adapters/exchanges/kraken/test_exchange.py",
    "adapters/exchanges/kraken/account/order_view.py": "tests/adapters/exchanges/kraken/test_session_orders.py",
    "adapters/exchanges/kraken/order_entry/requests.py": "tests/adapters/exchanges/kraken/test_session_orders.py",
    "adapters/exchanges/kraken/order_entry/rest_orders.py": (
        "tests/adapters/exchanges/kraken/transport/test_rest_client.py"
    ),
    "adapters/exchanges/kraken/session.py": "tests/adapters/exchanges/kraken/test_session_orders.py",
    "adapters/exchanges/kraken/account/stream.py": "tests/adapters/exchanges/kraken/test_session_orders.py",
    "adapters/exchanges/kraken/transport/urls.py": "tests/adapters/exchanges/kraken/test_exchange.py",
    "adapters/exchanges/kraken/wire/rest_results.py": "tests/adapters/exchanges/kraken/wire/test_fuzz.py",
    "adapters/exchanges/kraken/wire/socket.py": "tests/adapters/exchanges/kraken/wire/test_fuzz.py",
    "adapters/exchanges/kraken/wire/private_socket.py": "tests/adapters/exchanges/kraken/wire/test_fuzz.py",
    "adapters/exchanges/kraken/market_data/trade_history.py": "tests/backtesting/data/test_download.py",
    "backtesting/trading_account.py": "tests/backtesting/test_one_truth.py",
    "backtesting/figures/assumptions.py": "tests/backtesting/figures/test_summary.py",
    "backtesting/report/export.py": "tests/backtesting/test_command.py",
    "backtesting/report/heat_map.py": "tests/backtesting/sweep/test_search.py",
    "backtesting/sweep/options.py": "tests/backtesting/test_command.py",
    "backtesting/report/page.py": "tests/backtesting/test_command.py",
    "backtesting/report/progress.py": "tests/backtesting/test_command.py",
    "backtesting/record.py": "tests/backtesting/test_engine.py",
    "backtesting/run.py": "tests/backtesting/figures/test_summary.py",
    "backtesting/series.py": "tests/backtesting/test_engine.py",
    "backtesting/setup.py": "tests/backtesting/test_command.py",
    "backtesting/sweep/sweep_command.py": "tests/backtesting/sweep/test_search.py",
    "backtesting/sweep/result_files.py": "tests/backtesting/sweep/test_search.py",
    "backtesting/tape.py": "tests/backtesting/data/test_reading.py",
    "backtesting/report/terminal.py": "tests/backtesting/test_command.py",
    "backtesting/data/trade_files.py": "tests/backtesting/data/test_download.py",
    "backtest.py": "tests/backtesting/test_command.py",
    "adapters/journal/table_schema.py": "tests/adapters/journal/test_opening.py",
    "console/cli.py": "tests/process/test_bad_input.py",
    "console/arguments.py": "tests/process/test_bad_input.py",
    "assembly/cores.py": "tests/supervision/test_strategies.py",
    "assembly/wiring.py": "tests/test_flow.py",
    "assembly/survey.py": "tests/behaviour/test_pairs.py",
    "assembly/exit_codes.py": "tests/process/test_bad_input.py",
    "former_names.py": "tests/test_former_names.py",
    "assembly/world.py": "tests/simulation/test_simulation.py",
}
"""Plain data, a helper of one module, or the program as a whole: the test that uses it."""

TESTED_AS_A_WHOLE = {"simulators/kraken": "tests/simulators/kraken"}
"""A stand-in is judged by what it says on the wire; its tests are named after endpoints and channels."""

ONLY_PROTOCOLS = {"trading/ports.py"}


def parts_of(path: Path) -> str:
    """The folder (or file) of `MAY_IMPORT` that speaks for this module."""
    fitting = [part for part in MAY_IMPORT if part != "." and path.is_relative_to(part)]
    return max(fitting, key=len, default=".")


def tree_of(path: Path) -> ast.Module:
    return ast.parse((ROOT / path).read_text(encoding="utf-8"))


def imported(path: Path) -> Iterator[str]:
    """Dotted names of all modules that are imported anywhere in the file, also inside functions."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def inside(name: str, package: str) -> bool:
    return f"{name}.".startswith(f"{package}.")


def is_pure(path: Path, parts: tuple[str, ...] = PURE) -> bool:
    return any(path.is_relative_to(part) for part in parts)


def own_package(path: Path) -> str:
    """Within an adapter everything may import everything."""
    return ".".join(path.parent.parts[:3])


@pytest.mark.parametrize("path", SOURCES, ids=str)
def test_imports_point_one_way(path: Path) -> None:
    allowed = list(MAY_IMPORT[parts_of(path)])
    if path.is_relative_to("adapters"):
        allowed.append(own_package(path))
    ours = [name for name in imported(path) if name.split(".")[0] in (*PACKAGES, *TOP_MODULES)]
    assert [name for name in ours if not any(inside(name, package) for package in allowed)] == []


def test_no_part_of_the_program_knows_the_stand_in_it_is_tried_on() -> None:
    others = [path for path in SOURCES if not path.is_relative_to("simulators/kraken")]
    assert [path for path in others for name in imported(path) if inside(name, "simulators.kraken")] == []


def test_no_source_imports_a_test() -> None:
    assert [path for path in SOURCES for name in imported(path) if inside(name, "tests")] == []


@pytest.mark.parametrize("path", [path for path in SOURCES if is_pure(path, (*PURE, *PURE_BACKTEST))], ids=str)
def test_decisions_know_no_clock_no_chance_and_no_world(path: Path) -> None:
    assert [name for name in imported(path) if name.split(".")[0] in WORLD] == []
    called = [name for node in ast.walk(tree_of(path)) for name in _called(node)]
    assert not {"open", "print", "input", "exec", "eval"} & set(called)


def _called(node: ast.AST) -> list[str]:
    return [node.func.id] if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else []


@pytest.mark.parametrize("path", [path for path in SOURCES if is_pure(path, EXACT)], ids=str)
def test_money_is_never_a_binary_float(path: Path) -> None:
    if path.as_posix() in FLOATS_THAT_ARE_NO_MONEY:
        return
    floats = [
        node.lineno
        for node in ast.walk(tree_of(path))
        if (isinstance(node, ast.Name) and node.id == "float")
        or (isinstance(node, ast.Constant) and isinstance(node.value, float))
    ]
    assert floats == [], f"{path}: a float where money is handled"


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_each_module_says_what_it_is_for(path: Path) -> None:
    assert ast.get_docstring(tree_of(path))


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_each_module_has_its_test(path: Path) -> None:
    name = path.as_posix()
    own = ROOT / "tests" / path.parent / f"test_{path.name}"
    whole = [tests for folder, tests in TESTED_AS_A_WHOLE.items() if path.is_relative_to(folder)]
    if whole:
        assert list((ROOT / whole[0]).rglob("test_*.py"))
        return
    if name in TESTED_ELSEWHERE:
        assert (ROOT / TESTED_ELSEWHERE[name]).exists()
    elif name not in ONLY_PROTOCOLS:
        assert own.exists()


@pytest.mark.parametrize(
    "test", [path.relative_to(ROOT) for path in sorted((ROOT / "tests").rglob("test_*.py"))], ids=str
)
def test_tests_live_in_packages(test: Path) -> None:
    assert (ROOT / test.parent / "__init__.py").exists()


def test_the_lists_above_name_only_what_exists() -> None:
    listed = {*TESTED_ELSEWHERE, *ONLY_PROTOCOLS, *FLOATS_THAT_ARE_NO_MONEY}
    assert {name for name in listed if not (ROOT / name).exists()} == set()


def test_cores_share_nothing_that_could_change() -> None:
    """No module-level variable of a core is a list, dict or set: two strategies of one process are independent."""
    for path in SOURCES:
        if is_pure(path):
            for node in tree_of(path).body:
                value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
                is_dunder = isinstance(node, ast.Assign) and ast.unparse(node.targets[0]).startswith("__")
                assert is_dunder or not isinstance(value, ast.List | ast.Dict | ast.Set), path


LEANING = ("As `", "Ditto", "Like `", "Likewise", "Of ", "The same")
"""Beginnings that lean on a name or a neighbour, neither of which a tooltip shows."""


def docstrings(path: Path) -> Iterator[tuple[int, str]]:
    """Line and text of every docstring of the file, those below attributes included."""
    for node in ast.walk(tree_of(path)):
        body = getattr(node, "body", ())
        for statement in body if isinstance(body, list) else ():
            value = statement.value if isinstance(statement, ast.Expr) else None
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                yield statement.lineno, value.value.lstrip()


STATE = Path("trading/strategies/state.py")


@pytest.mark.parametrize("path", SOURCES, ids=str)
def test_a_docstring_stands_alone(path: Path) -> None:
    assert [(line, text) for line, text in docstrings(path) if text.startswith(LEANING)] == []


def test_docstrings_below_attributes_are_looked_at_too() -> None:
    assert "Time of the newest fill, in nanoseconds UTC." in {text for _, text in docstrings(STATE)}


def test_no_module_name_stands_for_two_things() -> None:
    """Kraken's stand-in has the subjects of the real one, seen from the other side, and is a room of its own."""
    ours = [path.stem for path in MODULES if not path.is_relative_to("simulators/kraken") and path.stem != "__main__"]
    assert {name for name in ours if ours.count(name) > 1} == ROLES


def test_no_public_class_name_stands_for_two_things() -> None:
    defined = [
        node.name
        for path in SOURCES
        if not path.is_relative_to("simulators/kraken")
        for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    ]
    assert {name for name in defined if defined.count(name) > 1} == set()
