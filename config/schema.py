"""The configuration as data: the one place where its keys are explained.

Field types carry what is allowed, so that every error can say it, and notes on when a key counts. The docstring below
a field is the key's meaning, unit and example; it goes into the JSON schema and into docs/configuration.md.

All rates are fractions (0.0026 is 0.26 %), all amounts are `Decimal`, all times are seconds.
"""

from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta, Struct

from config.field_types import (
    Currency,
    Decimals,
    FeeRate,
    HiddenText,
    HttpUrl,
    Interval,
    Name,
    NotNegative,
    OptionalText,
    Positive,
    Seconds,
    SocketUrl,
    Symbol,
    Text,
)
from config.key_texts import IDENTITY, NEW_ACCOUNT, PAPER_PRICES, REAL_ORDERS, SIMULATED
from config.problems import key_path
from messages.ids import MAX_USERREF
from messages.letters import NotificationLevels

PAPER = "paper"
"""Name of the adapter that simulates a whole exchange; it needs no `dry_run`."""
SYNTHETIC = "synthetic"
SWING = "SWING"
"""The kind of strategy that may sell base which the account held before."""
GRIDS = frozenset({"GridHODL", "GridSell", "cDCA", SWING})
"""Kinds that come with the program; any other one is a plug-in."""
PRICE_FILE_SUFFIXES = (".csv", ".csv.gz", ".csv.zst", ".parquet")

_DATABASE = ".duckdb"


class BotConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """`[bot]`: the program as a whole."""

    name: Name = "infinity-grid"
    """Name of this program in notices and in `/status`. Example: `"my grids"`."""
    dry_run: bool | None = None
    """Whether orders are simulated: true, at the exchange's real prices and without a key; false, real money.

    Has to be stated for every adapter but "paper", which only simulates. Example: `true`.
    """
    on_stop: Literal["keep", "cancel-buys", "cancel-all"] = "keep"
    """What becomes of the program's own open orders when it is asked to stop."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """The least urgent lines that the log shows."""
    log_format: Literal["text", "json"] = "text"
    """Log lines for people, or one JSON object a line for programs."""
    log_file: Text | None = None
    """Path of a file for the log, in place of stderr; a relative path starts at the current directory.

    Example: `"/var/log/grid/grid.log"`.
    """
    log_file_megabytes: Annotated[int, Meta(ge=1, le=10_000, description="a whole number from 1 to 10000")] = 10
    """Size at which the log file is rotated, in megabytes (millions of bytes)."""
    log_files_kept: Annotated[int, Meta(ge=0, le=1000, description="a whole number from 0 to 1000")] = 5
    """Number of older log files that are kept: `grid.log.1` is the newest of them."""

    @property
    def log_path(self) -> Path:
        """The log file; only where one is configured."""
        return Path(self.log_file or "")


class PairOverride(Struct, frozen=True, forbid_unknown_fields=True):
    """`[exchange.paper.pairs."BASE/QUOTE"]`: trading rules of one pair on a simulated account.

    A rule that is left out is the exchange's own; of a pair that the adapter "paper" does not know, all are needed.
    """

    tick_size: Positive | None = None
    """Smallest step of a price, in quote currency. Example: `0.1`."""
    lot_decimals: Decimals | None = None
    """Decimals of a volume, which is in base currency. Example: `8`."""
    cost_decimals: Decimals | None = None
    """Decimals of price x volume, which is in quote currency. Example: `5`."""
    min_volume: NotNegative | None = None
    """Smallest volume of an order, in base currency. Example: `0.00005`."""
    min_cost: NotNegative | None = None
    """Smallest price x volume of an order, in quote currency. Example: `0.5`."""


class PaperConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """`[exchange.paper]`: the simulated account, of the adapter "paper", of a dry run and of a backtest."""

    balances: Annotated[dict[Currency, NotNegative], NEW_ACCOUNT] = {}
    """What the account holds when it begins: an amount of each currency. Has to be stated for simulated orders.

    Example: `{ USD = 10000, BTC = 0.05 }`.
    """
    maker_fee: FeeRate = Decimal("0.0040")
    """Fee of an order that waited in the book, as a fraction of price x volume."""
    taker_fee: FeeRate = Decimal("0.0080")
    """Fee of an order that met a waiting one, as a fraction of price x volume."""
    prices: Annotated[Text, PAPER_PRICES] = SYNTHETIC
    """Where prices come from: "synthetic" (invented ones), "kraken" (its live ones), or a file of trades.

    The path of a file starts at the configuration's directory. Example: `"prices/trades.csv"`.
    """
    seed: Annotated[int, Meta(ge=0, description="a whole number, 0 or more"), PAPER_PRICES] = 1
    """Number that synthetic prices are made of: another one gives another history."""
    speed: Annotated[NotNegative, PAPER_PRICES] = Decimal(1)
    """Simulated seconds per second, for synthetic prices and price files.

    0 is as fast as it goes: no row comes before every strategy has answered the last one. Example: `20`.
    """
    fill_rule: Literal["at", "through"] = "at"
    """Which trade fills an order: "at", one at its limit or beyond; "through", only one beyond it."""
    pairs: dict[Symbol, PairOverride] = {}
    """Trading rules that replace the exchange's own, by pair. Example: `{ "BTC/USD" = { tick_size = 0.1 } }`."""
    price_column: Annotated[Text | None, PAPER_PRICES] = None
    """Column of a price file that holds prices; without it, the reader finds it by its usual names.

    Example: `"price"`.
    """
    time_column: Annotated[Text | None, PAPER_PRICES] = None
    """Column of a price file that holds times; without it, the reader finds it by its usual names.

    Example: `"time_seconds"`.
    """
    time_unit: Annotated[Literal["s", "ms", "us", "ns"] | None, PAPER_PRICES] = None
    """Unit of times in a price file that are numbers since 1970: seconds, or thousandths and so on. Example: `"ms"`."""
    start_price: Annotated[Positive | None, PAPER_PRICES] = None
    """First synthetic price, in quote currency; without it, one of the pair's usual magnitude. Example: `60000`."""

    @property
    def price_file(self) -> Path | None:
        """The price file, or None when prices are synthetic or live."""
        return Path(self.prices) if is_price_file(self.prices) else None


class ExchangeConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """`[exchange]`: which exchange, and how to reach it."""

    adapter: Annotated[Name, IDENTITY]
    """Which exchange: "paper", which is simulated and needs nothing, "kraken", or the name of a plug-in.

    Example: `"kraken"`.
    """
    api_public_key: Annotated[HiddenText, REAL_ORDERS] = None
    """The public half of the API key, best given by a file or a variable. Example: `"8Yk0..."`."""
    # Both *_file keys are empty once loaded: what the files hold is in the keys then.
    api_public_key_file: Annotated[OptionalText, REAL_ORDERS] = ""
    """Path of a file whose only line is the public half; a relative path starts at the configuration's directory.

    Example: `"/run/secrets/kraken_public"`.
    """
    api_secret_key: Annotated[HiddenText, REAL_ORDERS] = None
    """The secret half of the API key, best given by a file or a variable. Example: `"kQH5HW/8p1uG..."`."""
    api_secret_key_file: Annotated[OptionalText, REAL_ORDERS] = ""
    """Path of a file whose only line is the secret half; a relative path starts at the configuration's directory.

    Example: `"/run/secrets/kraken_secret"`.
    """
    rest_url: HttpUrl = ""
    """Address of the exchange's REST interface; empty: its own. http:// only on this machine.

    Example: `"http://127.0.0.1:8100"`.
    """
    ws_url: SocketUrl = ""
    """Address of the exchange's public WebSocket; empty: its own. ws:// only on this machine.

    Example: `"ws://127.0.0.1:8101/v2"`.
    """
    ws_auth_url: Annotated[SocketUrl, REAL_ORDERS] = ""
    """Address of the exchange's private WebSocket; empty: its own. ws:// only on this machine.

    Example: `"ws://127.0.0.1:8102/v2"`.
    """
    skip_permission_check: Annotated[bool, REAL_ORDERS] = False
    """Whether to take an API key that lacks rights that the program needs, or has the right to withdraw."""
    paper: Annotated[PaperConfig, SIMULATED] = PaperConfig()
    """The simulated account; a table of its own, below."""


class PersistenceConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """`[persistence]`: the journal, in which every decision is written down before it takes effect."""

    database: Annotated[Text, IDENTITY] = "infinity-grid.duckdb"
    """Path of the journal's file; a relative path starts at the current directory, not at the configuration's.

    A dry run of a real exchange keeps its own beside it: `NAME.dry-run.duckdb`. To move it, move the file while the
    program is stopped. Example: `"/var/lib/infinity-grid/kraken.duckdb"`.
    """


class StrategyConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """One `[[strategy]]`: one grid on one pair, any number of them."""

    name: Name
    """Name of the strategy in notices, log and `/status`; every strategy has another one. Example: `"btc-hodl"`."""
    kind: Annotated[Name, IDENTITY]
    """What a filled buy leads to: "GridHODL", "GridSell", "SWING", "cDCA", or the name of a plug-in.

    Example: `"GridHODL"`.
    """
    base_currency: Annotated[Currency, IDENTITY]
    """Currency that is bought. Example: `"BTC"`."""
    quote_currency: Annotated[Currency, IDENTITY]
    """Currency that is paid with; amounts of the strategy are in it. Example: `"USD"`."""
    userref: Annotated[int, Meta(ge=1, le=MAX_USERREF, description=f"a whole number from 1 to {MAX_USERREF}"), IDENTITY]
    """Number that marks the strategy's orders at the exchange; every strategy has another one. Example: `1001`."""
    amount_per_grid: Positive
    """Size of a buy, in quote currency; its fee comes on top. Example: `100`."""
    interval: Interval
    """Distance between two neighbouring orders, as a fraction of the price; both fees have to fit into it.

    Example: `0.02`.
    """
    max_investment: Positive
    """Most that the strategy has in its open orders, buys and sells, in quote currency; no limit of its losses.

    Example: `1000`.
    """
    n_open_buy_orders: Annotated[int, Meta(ge=1, le=1000, description="a whole number from 1 to 1000")] = 3
    """Number of buy orders that wait below the price."""
    fee: FeeRate | None = None
    """Least maker fee to reckon with, as a fraction; not needed, as with real money the account's own is asked for.

    The higher of both counts. A simulated account is not asked: there a stated fee counts as it is. Example: `0.0040`.
    """
    sell_existing_base: bool | None = None
    """For SWING and plug-ins: whether it may sell base that it did not buy, so also what you held before.

    Has to be stated for SWING with real money; without it on a simulated account: true. Example: `false`.
    """
    skip_price_timeout: bool = False
    """Whether it goes on without a price for `price_timeout_seconds`, as for a pair that rarely trades."""
    on_core_failure: Literal["keep", "cancel"] = "keep"
    """What becomes of its open orders when the strategy itself fails and halts."""

    @property
    def symbol(self) -> str:
        """`BASE/QUOTE`."""
        return f"{self.base_currency}/{self.quote_currency}"


class ChannelConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """One `[notifier.<name>]`: a channel for notices, any number of them. Without any, notices go to the log."""

    kind: Name
    """Which channel it is: "telegram", "webhook", "log", or the name of a plug-in; without it, the table's name.

    Example: `"telegram"`.
    """
    name: Name
    enabled: bool = True
    """Whether the channel is used."""
    notices: NotificationLevels = NotificationLevels()
    """Notification level of each kind of notice. Example: `{ fill = "silent", status = "off" }`."""
    # All other keys of the table, until `config.read_options` turns them into the channel's own struct. Every text is a
    # `Secret`, since tokens and web-hook URLs are.
    options: dict[str, object] = {}
    # Names the configuration in errors.
    source: Text = "configuration"

    @property
    def key(self) -> str:
        """Path of the table, for errors."""
        return key_path("notifier", self.name)


class MetricsConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """`[metrics]`: the HTTP endpoint with `/status`, `/metrics`, `/healthz` and `/readyz`."""

    enabled: bool = True
    """Whether the program answers HTTP at all."""
    host: Name = "127.0.0.1"
    """Address to listen on: 127.0.0.1 is this machine only, 0.0.0.0 every network; it asks nobody for a password."""
    port: Annotated[int, Meta(ge=0, le=65535, description="a port from 0 to 65535; 0 is any free port")] = 8080
    """TCP port to listen on; the log names the address at the start."""


class SupervisorConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """`[supervisor]`: restart intensity, backoff and time limits."""

    restart_limit: Annotated[int, Meta(ge=0, le=1000, description="a whole number from 0 to 1000")] = 5
    """Number of restarts within `restart_period_seconds` beyond which a failed strategy halts.

    A failure of the journal or the order-manager then ends the program. Lost connections do not count.
    """
    restart_period_seconds: Seconds = Decimal(60)
    """Time in which restarts are counted, in seconds."""
    backoff_seconds: Seconds = Decimal(1)
    """Wait before the first restart, in seconds; it doubles up to `backoff_cap_seconds`."""
    backoff_cap_seconds: Seconds = Decimal(60)
    """Longest wait before a restart, in seconds."""
    price_timeout_seconds: Seconds = Decimal(600)
    """Time without a price on an open market after which its strategies halt until one comes, in seconds."""
    shutdown_seconds: Seconds = Decimal(8)
    """Longest time for a stop in order, in seconds; the last notices may take two seconds more."""


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """A whole configuration. Built by `load` or `parse`; one built by hand goes through `validate`."""

    exchange: ExchangeConfig
    """Which exchange, and how to reach it."""
    strategy: Annotated[
        tuple[StrategyConfig, ...],
        Meta(description="one [[strategy]] table per strategy", extra_json_schema={"minItems": 1}),
    ]
    """The grids: one `[[strategy]]` each."""
    bot: BotConfig = BotConfig()
    """The program as a whole."""
    persistence: PersistenceConfig = PersistenceConfig()
    """The journal."""
    notifier: dict[str, ChannelConfig] = {}
    """The channels for notices, by name."""
    metrics: MetricsConfig = MetricsConfig()
    """The HTTP endpoint."""
    supervisor: SupervisorConfig = SupervisorConfig()
    """Restarts and time limits."""

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
