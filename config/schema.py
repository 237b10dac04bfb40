"""The configuration as data. Field types carry what is allowed, so that every error can say it.

All rates are fractions (0.0026 is 0.26 %), all amounts are `Decimal`, all times are seconds.
"""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta, Struct

from config.problems import key_path
from config.secrets import ALLOWED, Secret
from messages.ids import MAX_USERREF
from messages.letters import NotificationLevels

PAPER = "paper"
"""Name of the adapter that simulates a whole exchange; it needs no `dry_run`."""
SYNTHETIC = "synthetic"
SWING = "SWING"
GRIDS = frozenset({"GridHODL", "GridSell", "cDCA", SWING})
"""Kinds that come with the program; any other one is a plug-in."""
"""The kind of strategy that may sell base which the account held before."""
PRICE_FILE_SUFFIXES = (".csv", ".csv.gz", ".csv.zst", ".parquet")

HIGHEST_FEE = Decimal("0.05")
_DAY = 86_400
_DATABASE = ".duckdb"


def percent_hint(value: Decimal) -> str:
    """The sentence for a rate that was probably written in percent."""
    if value <= HIGHEST_FEE:
        return ""
    percent, meant = (f"{value.scaleb(shift).normalize():f}" for shift in (2, -2))
    return f"{value:f} means {percent} %; for {value:f} % write {meant}"


def _number(allowed: str, check: Callable[[Decimal], bool], hint: Callable[[Decimal], str] | None = None) -> Meta:
    return Meta(description=allowed, extra={"check": check, "hint": hint})


def _url(scheme: str, example: str) -> Meta:
    pattern = rf"^({scheme}://[^\s/@]+(/[^\s@]*)?)?$"
    return Meta(pattern=pattern, description=f"a URL without credentials: {example}", extra={"hidden": "@"})


Positive = Annotated[Decimal, _number("a number above 0", lambda v: v > 0)]
NotNegative = Annotated[Decimal, _number("a number, 0 or more", lambda v: v >= 0)]
Interval = Annotated[Decimal, _number("0 < interval < 1 (0.02 is 2 %)", lambda v: 0 < v < 1)]
FeeRate = Annotated[
    Decimal,
    _number("0 <= fee <= 0.05, as a fraction (0.0026 is 0.26 %)", lambda v: 0 <= v <= HIGHEST_FEE, percent_hint),
]
Seconds = Annotated[Decimal, _number("seconds, 0 < s <= 86400", lambda v: 0 < v <= _DAY)]
Decimals = Annotated[int, Meta(ge=0, le=18, description="a whole number from 0 to 18")]
Currency = Annotated[str, Meta(pattern=r"^[A-Za-z0-9.]{1,16}$", description="1 to 16 letters, digits or dots")]
Symbol = Annotated[
    str, Meta(pattern=r"^[A-Za-z0-9.]{1,16}/[A-Za-z0-9.]{1,16}$", description='"BASE/QUOTE", for instance "BTC/USD"')
]
Name = Annotated[str, Meta(pattern=r"\S", max_length=64, description="a text of 1 to 64 printable characters")]
Text = Annotated[str, Meta(pattern=r"\S", max_length=4096, description="a text that is not empty")]
OptionalText = Annotated[str, Meta(max_length=4096, description="a text")]
HttpUrl = Annotated[str, _url("https?", "https://host/path")]
SocketUrl = Annotated[str, _url("wss?", "wss://host/path")]
HiddenText = Annotated[Secret | None, Meta(description=ALLOWED)]


class BotConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """`[bot]`: the program as a whole."""

    name: Name = "infinity-grid"
    dry_run: bool | None = None
    """True: no real order can be placed. None only where the adapter simulates anyway."""
    on_stop: Literal["keep", "cancel-buys", "cancel-all"] = "keep"
    """What happens to the own open orders when the program is asked to stop."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["text", "json"] = "text"
    log_file: Text | None = None
    """Path of a file for the log, in place of stderr. A relative path starts at the current directory."""
    log_file_megabytes: Annotated[int, Meta(ge=1, le=10_000, description="a whole number from 1 to 10000")] = 10
    """Size at which the file is rotated, in millions of bytes."""
    log_files_kept: Annotated[int, Meta(ge=0, le=1000, description="a whole number from 0 to 1000")] = 5
    """How many older files are kept: `log_file.1` is the newest of them."""

    @property
    def log_path(self) -> Path:
        """The log file; only where one is configured."""
        return Path(self.log_file or "")


class PairOverride(Struct, frozen=True, forbid_unknown_fields=True):
    """`[exchange.paper.pairs."BASE/QUOTE"]`: trading rules that replace the simulated exchange's own."""

    tick_size: Positive | None = None
    lot_decimals: Decimals | None = None
    cost_decimals: Decimals | None = None
    min_volume: NotNegative | None = None
    min_cost: NotNegative | None = None


class PaperConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """`[exchange.paper]`: the simulated account, for the adapter "paper" and for a dry run."""

    balances: dict[Currency, NotNegative] = {}
    """What the account holds when its database is new."""
    maker_fee: FeeRate = Decimal("0.0040")
    taker_fee: FeeRate = Decimal("0.0080")
    prices: Text = SYNTHETIC
    """`synthetic`, the name of an exchange for its live public prices, or the path of a price file."""
    seed: Annotated[int, Meta(ge=0, description="a whole number, 0 or more")] = 1
    speed: NotNegative = Decimal(1)
    """Simulated seconds per second; 0: as fast as it goes, in lock-step."""
    fill_rule: Literal["at", "through"] = "at"
    """Whether a trade at an order's limit fills it, or only one through it."""
    pairs: dict[Symbol, PairOverride] = {}
    price_column: Text | None = None
    """Column of a price file; None: the reader finds it."""
    time_column: Text | None = None
    time_unit: Literal["s", "ms", "us", "ns"] | None = None
    start_price: Positive | None = None
    """First synthetic price; None: the simulation's own."""

    @property
    def price_file(self) -> Path | None:
        """The price file, or None when prices are synthetic or live."""
        return Path(self.prices) if is_price_file(self.prices) else None


class ExchangeConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """`[exchange]`: which exchange, and how to reach it. An empty URL means the adapter's own."""

    adapter: Name
    api_public_key: HiddenText = None
    api_public_key_file: OptionalText = ""
    """Empty once loaded: its content is then in `api_public_key`. The same for the secret key."""
    api_secret_key: HiddenText = None
    api_secret_key_file: OptionalText = ""
    rest_url: HttpUrl = ""
    ws_url: SocketUrl = ""
    ws_auth_url: SocketUrl = ""
    skip_permission_check: bool = False
    paper: PaperConfig = PaperConfig()


class PersistenceConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """`[persistence]`: the journal. A relative path starts at the current directory."""

    database: Text = "infinity-grid.duckdb"
    """Path of a live run's database; a dry run keeps its own beside it, see `Config.database`."""


class StrategyConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """One `[[strategy]]`."""

    name: Name
    kind: Name
    base_currency: Currency
    quote_currency: Currency
    userref: Annotated[int, Meta(ge=1, le=MAX_USERREF, description=f"a whole number from 1 to {MAX_USERREF}")]
    amount_per_grid: Positive
    """Quote currency per order."""
    interval: Interval
    """Distance between two orders, as a fraction."""
    max_investment: Positive
    """Quote currency."""
    n_open_buy_orders: Annotated[int, Meta(ge=1, le=1000, description="a whole number from 1 to 1000")] = 3
    fee: FeeRate | None = None
    """Maker fee rate to assume; None: the account's own."""
    sell_existing_base: bool | None = None
    """SWING and plug-in kinds: whether they may sell base that they did not buy. None on a simulated account: true."""
    skip_price_timeout: bool = False
    on_core_failure: Literal["keep", "cancel"] = "keep"
    """What happens to its open orders when its decision core fails."""

    @property
    def symbol(self) -> str:
        """`BASE/QUOTE`."""
        return f"{self.base_currency}/{self.quote_currency}"


class ChannelConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """One `[notifier.<name>]`. `config.read_options` turns `options` into the channel's own struct."""

    kind: Name
    """Which channel it is; without the key, the table's name is its kind."""
    name: Name
    enabled: bool = True
    notices: NotificationLevels = NotificationLevels()
    """Notification level of each kind of notice."""
    options: dict[str, object] = {}
    """All other keys of the table; every text is a `Secret`, since tokens and web-hook URLs are."""
    source: Text = "configuration"
    """Names the configuration in errors."""

    @property
    def key(self) -> str:
        """Path of the table, for errors."""
        return key_path("notifier", self.name)


class MetricsConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """`[metrics]`: the HTTP endpoint."""

    enabled: bool = True
    host: Name = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535, description="a port from 0 to 65535; 0 is any free port")] = 8080


class SupervisorConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """`[supervisor]`: restart intensity, backoff and time limits, in seconds."""

    restart_limit: Annotated[int, Meta(ge=0, le=1000, description="a whole number from 0 to 1000")] = 5
    """Restarts within `restart_period_seconds` before an actor counts as broken."""
    restart_period_seconds: Seconds = Decimal(60)
    backoff_seconds: Seconds = Decimal(1)
    """Wait before the first restart; doubles up to `backoff_cap_seconds`."""
    backoff_cap_seconds: Seconds = Decimal(60)
    price_timeout_seconds: Seconds = Decimal(600)
    """Silence of an open market after which its strategies halt."""
    shutdown_seconds: Seconds = Decimal(8)
    """Limit of an orderly shutdown."""


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """A whole configuration. Built by `load` or `parse`; one built by hand goes through `validate`."""

    exchange: ExchangeConfig
    strategy: Annotated[tuple[StrategyConfig, ...], Meta(description="one [[strategy]] table per strategy")]
    bot: BotConfig = BotConfig()
    persistence: PersistenceConfig = PersistenceConfig()
    notifier: dict[str, ChannelConfig] = {}
    metrics: MetricsConfig = MetricsConfig()
    supervisor: SupervisorConfig = SupervisorConfig()

    @property
    def simulated(self) -> bool:
        """Whether no real order can be placed."""
        return self.exchange.adapter == PAPER or self.bot.dry_run is True

    @property
    def database(self) -> Path:
        """The journal's file. A dry run of a real exchange has its own beside the live one: they never mix."""
        live = Path(self.persistence.database)
        return dry_run_file(live) if self.simulated and self.exchange.adapter != PAPER else live


class Known(Struct, frozen=True):
    """Which names exist in this installation, plug-ins included."""

    kinds: frozenset[str]
    """Kinds of strategies."""
    exchanges: frozenset[str]
    """Names of exchange adapters."""
    channels: frozenset[str]
    """Kinds of notification channels; `log` always exists."""


def dry_run_file(live: Path) -> Path:
    """Where a dry run keeps its journal: `NAME.dry-run.duckdb` for `NAME.duckdb` and for `NAME`."""
    return live.with_name(f"{live.name.removesuffix(_DATABASE)}.dry-run{_DATABASE}")


def is_price_file(prices: str) -> bool:
    """Whether `prices` is a path rather than a name."""
    return prices.lower().endswith(PRICE_FILE_SUFFIXES)
