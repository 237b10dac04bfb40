"""What the next life of the program is: the same configuration, a changed one, or one that must be refused."""

import random
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from assembly import registry
from config import Config, parse
from config.schema import StrategyConfig
from simulators.kraken import DEMO_KEY, DEMO_PRIVATE
from tests.simulation.network import REST_URL, WS_AUTH_URL, WS_URL

KINDS = ("GridHODL", "GridSell", "SWING", "cDCA")
SECOND_KEY, OTHER_ACCOUNTS_KEY = "second-key", "another-account"
FIRST_USERREF = 1001
USERREFS = range(FIRST_USERREF, FIRST_USERREF + 10)
"""Whose orders are the program's, whatever is configured now."""

HEAD = """
[bot]
dry_run = {dry_run}
[exchange]
adapter = "kraken"
api_public_key = "{key}"
api_secret_key = "{private}"
rest_url = "{rest}"
ws_url = "{ws}"
ws_auth_url = "{auth}"
[exchange.paper]
balances = {{ USD = 10000, BTC = 1, ETH = 1 }}
[persistence]
database = "simulation.duckdb"
[metrics]
enabled = false
"""
STRATEGY = """
[[strategy]]
name = "{kind} {userref}"
kind = "{kind}"
base_currency = "{base}"
quote_currency = "USD"
userref = {userref}
amount_per_grid = {amount}
interval = {interval}
n_open_buy_orders = {buys}
max_investment = {investment}
fee = {stated}
"""
ACCOUNT_PAYS = "0.0025"
STATED = (ACCOUNT_PAYS, "0.0001", "0")
"""None is above what the account pays, so that this is the fee of every grid."""
STATES_EXISTING_BASE = "sell_existing_base" in StrategyConfig.__struct_fields__

Change = Literal[
    "as before",
    "changed",
    "another number",
    "one more",
    "one less",
    "new key",
    "dry run",
    "another account",
    "another kind",
    "another pair",
]
CHANGES: dict[Change, int] = {
    "as before": 10,
    "changed": 5,
    "another number": 1,
    "one more": 2,
    "one less": 3,
    "new key": 2,
    "dry run": 2,
    "another account": 2,
    "another kind": 2,
    "another pair": 2,
}
IN_CLEAR_WEATHER: dict[Change, int] = {
    "as before": 4,
    "changed": 4,
    "another number": 4,
    "one more": 2,
    "one less": 1,
}
"""Of lives that follow a quiet death."""
REFUSED: frozenset[Change] = frozenset({"another account", "another kind", "another pair"})
"""These must end with exit code 2, and nothing happens."""


class Chosen(Struct, frozen=True):
    """One `[[strategy]]`."""

    kind: str
    userref: int
    base: str
    amount: int
    interval: str
    buys: int
    investment: int
    existing_base: bool = False
    """Whether SWING may sell what the account held before."""
    stated: str = ACCOUNT_PAYS
    """The fee of the file."""

    def text(self) -> str:
        """As TOML."""
        text = STRATEGY.format(
            kind=self.kind,
            userref=self.userref,
            base=self.base,
            amount=self.amount,
            interval=self.interval,
            buys=self.buys,
            investment=self.investment,
            stated=self.stated,
        )
        if STATES_EXISTING_BASE and self.kind == "SWING":
            text += f"sell_existing_base = {str(self.existing_base).lower()}\n"
        return text


def draw_strategy(chance: random.Random, userref: int, *, clear: bool = False) -> Chosen:
    """Any kind, any numbers."""
    chosen = Chosen(
        kind=chance.choice(KINDS),
        userref=userref,
        base=chance.choice(("BTC", "BTC", "ETH")),
        amount=chance.choice((20, 50, 100)),
        interval=chance.choice(("0.006", "0.01", "0.02")),
        buys=chance.randint(1, 8),
        investment=chance.choice((250, 1000, 10000)),
        # Without a draw, so that a seed stays the history that it was before the key existed.
        existing_base=userref % 2 == 1,
    )
    stated = STATED[chosen.buys % len(STATED)]
    return replace(chosen, existing_base=chosen.buys % 2 == 1, stated=stated) if clear else chosen


def configured(strategies: list[Chosen], key: str = DEMO_KEY, *, dry_run: bool = False) -> Config:
    """A whole configuration."""
    text = HEAD.format(
        key=key,
        private=DEMO_PRIVATE,
        rest=REST_URL,
        ws=WS_URL,
        auth=WS_AUTH_URL,
        dry_run=str(dry_run).lower(),
    )
    return parse(text + "".join(one.text() for one in strategies), "simulation.toml", {}, registry.known())


class Next(Struct, frozen=True):
    """The next life."""

    change: Change
    config: Config
    userref: int | None = None
    """Of the strategy that became another one."""

    @property
    def regular(self) -> bool:
        """Whether it trades with the journal's account, until somebody kills it."""
        return self.change not in REFUSED and self.change != "dry run"


class Lives:
    """Draws one life after the other; whatever a life changes is kept, except where it must be refused."""

    def __init__(self, strategies: list[Chosen], chance: random.Random, *, change: bool, clear: bool = False) -> None:
        """Without `change` every life is as the first; in `clear` weather every one trades."""
        self._changes = IN_CLEAR_WEATHER if clear else CHANGES
        self._clear = clear
        self._all = {one.userref: one for one in strategies}
        self._absent: set[int] = set()
        self._key = DEMO_KEY
        self._chance = chance
        self._change = change
        self._used: set[int] = set(self._all)

    @property
    def symbols(self) -> list[str]:
        """Of every pair that may ever be configured."""
        return ["BTC/USD", "ETH/USD"] if self._change else sorted({f"{one.base}/USD" for one in self._all.values()})

    def first(self) -> Next:
        """The configuration that history begins with."""
        return Next("as before", self._config())

    def next(self, *, calm: bool = False) -> Next:
        """After a death. In the `calm`, when everything has to come to rest, only what trades."""
        if not self._change or calm:
            return Next("as before", self._config())
        (change,) = self._chance.choices(list(self._changes), list(self._changes.values()))
        match change:
            case "changed":
                self._alter()
            case "another number":
                self._renumber()
            case "one more":
                self._add()
            case "one less":
                self._remove()
            case "new key":
                self._key = SECOND_KEY if self._key == DEMO_KEY else DEMO_KEY
            case "dry run":
                return Next(change, configured(self._present(), self._key, dry_run=True))
            case "another account":
                return Next(change, configured(self._present(), OTHER_ACCOUNTS_KEY))
            case "another kind" | "another pair":
                return self._wrong(change)
            case _:
                pass
        return Next(change, self._config())

    def _config(self) -> Config:
        return configured(self._present(), self._key)

    def _present(self) -> list[Chosen]:
        return [one for userref, one in sorted(self._all.items()) if userref not in self._absent]

    def _alter(self) -> None:
        one = self._chance.choice(self._present())
        pick = self._chance.choice
        amount, interval = pick((20, 50, 100)), pick(("0.006", "0.01", "0.02"))
        investment = pick((250, 1000, 10000))
        self._all[one.userref] = Chosen(
            one.kind,
            one.userref,
            one.base,
            amount=amount if pick((True, False)) else one.amount,
            interval=interval if pick((True, False)) else one.interval,
            buys=self._chance.randint(1, 8),
            investment=investment,
            existing_base=one.existing_base,
            stated=one.stated,
        )

    def _renumber(self) -> None:
        """More or fewer buys, and nothing else: the ladder stays, and is filled up or cut."""
        one = self._chance.choice(self._present())
        self._all[one.userref] = replace(one, buys=self._chance.randint(1, 8))

    def _add(self) -> None:
        if self._absent:
            self._absent.remove(self._chance.choice(sorted(self._absent)))
        elif len(self._all) < len(USERREFS):
            userref = max(self._all) + 1
            self._all[userref] = draw_strategy(self._chance, userref, clear=self._clear)

    def _remove(self) -> None:
        present = self._present()
        if len(present) > 1:
            self._absent.add(self._chance.choice(present).userref)

    def _wrong(self, change: Change) -> Next:
        """The same userref as another kind, or on another pair."""
        wrong = self._chance.choice(self._present())
        kinds = [kind for kind in KINDS if kind != wrong.kind]
        kind = self._chance.choice(kinds) if change == "another kind" else wrong.kind
        base = ("ETH" if wrong.base == "BTC" else "BTC") if change == "another pair" else wrong.base
        other = Chosen(
            kind, wrong.userref, base, wrong.amount, wrong.interval, wrong.buys, wrong.investment, wrong.existing_base
        )
        rest = [one for one in self._present() if one.userref != wrong.userref]
        config = configured(sorted([*rest, other], key=lambda one: one.userref), self._key)
        return Next(change, config, wrong.userref)
