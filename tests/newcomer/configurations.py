"""A hundred configurations as newcomers write them, and the answer that each should get from `--check`.

All are one change away from a file of `config/`. The answer is an exit code and words that a careful reader looks for.
"""

import re
from enum import Enum
from pathlib import Path
from typing import NamedTuple

from tests.process.running import ROOT


class Answer(Enum):
    """What a careful expert would say."""

    FINE = "valid, without a word of doubt"
    DOUBT = "valid, with a warning"
    NO = "refused"


FINE, DOUBT, NO = Answer


class Case(NamedTuple):
    """One configuration."""

    name: str
    answer: Answer
    words: str
    """A regular expression that the warning or the refusal has to match, whatever the case of its letters."""
    content: bytes
    environment: dict[str, str]


_KRAKEN, _DEMO = (ROOT / "config" / f"{name}.toml" for name in ("kraken", "demo"))
_KEYS = {"INFINITY_GRID_API_PUBLIC_KEY": "k" * 56, "INFINITY_GRID_API_SECRET_KEY": "a2V5" * 22}
_SECOND = """
[[strategy]]
name = "second"
kind = "GridSell"
base_currency = "ETH"
quote_currency = "USD"
userref = 1002
amount_per_grid = 100
interval = 0.02
n_open_buy_orders = 3
max_investment = 1000
"""


def set_key(text: str, key: str, value: str | None) -> str:
    """The text with the first line of this key changed, also where it is a comment; without that line for None."""
    line = re.compile(rf"^(?:# )?{re.escape(key)} = .*\n", re.MULTILINE)
    if not line.search(text):
        raise ValueError(f"no line of {key}")
    return line.sub("" if value is None else f"{key} = {value}\n".replace("\\", "\\\\"), text, count=1)


def _case(
    name: str,
    answer: Answer,
    words: str,
    change: dict[str, str | None] | None = None,
    *,
    base: Path = _KRAKEN,
    more: str = "",
    environment: dict[str, str] | None = None,
) -> Case:
    text = base.read_text(encoding="utf-8")
    for key, value in (change or {}).items():
        text = set_key(text, key, value)
    return Case(name, answer, words, (text + more).encode(), environment or {})


def _raw(name: str, answer: Answer, words: str, content: bytes | str) -> Case:
    return Case(name, answer, words, content.encode() if isinstance(content, str) else content, {})


def _kraken() -> str:
    return _KRAKEN.read_text(encoding="utf-8")


def _second(**change: str) -> str:
    text = _SECOND
    for key, value in change.items():
        text = set_key(text, key, value)
    return text


def _units() -> list[Case]:
    """Percent for fractions, and money that does not fit."""
    return [
        _case("interval-in-percent", NO, r"interval.*0\.03", {"interval": "3"}),
        _case("interval-with-a-sign", NO, r"interval.*0\.015", {"interval": '"1.5%"'}),
        _case("interval-of-one", NO, "interval", {"interval": "1.0"}),
        _case("interval-of-half", DOUBT, "interval", {"interval": "0.6"}),
        _case("interval-of-nothing", NO, "interval", {"interval": "0.0"}),
        _case("interval-below-nothing", NO, "interval", {"interval": "-0.01"}),
        _case("interval-of-no-number", NO, "interval", {"interval": "nan"}),
        _case("interval-as-a-word", NO, "interval", {"interval": "true"}),
        _case("fee-in-percent", NO, "fee", {"fee": "0.25"}),
        _case("fee-of-a-quarter-percent-in-percent", NO, "fee", {"fee": "0.4"}),
        _case("fees-eat-the-interval", NO, "fee", {"interval": "0.004"}),
        _case("fees-leave-nothing", NO, "fee", {"interval": "0.0080"}),
        _case("fees-leave-next-to-nothing", DOUBT, "fee", {"interval": "0.0082"}),
        _case("fees-that-are-stated-eat-the-interval", NO, "fee", {"interval": "0.005", "fee": "0.004"}),
        _case("amount-of-a-dollar", DOUBT, "amount_per_grid.*(minimum|smallest)", {"amount_per_grid": "1"}),
        _case("amount-of-cents", DOUBT, "amount_per_grid.*(minimum|smallest)", {"amount_per_grid": "0.2"}),
        _case("amount-below-nothing", NO, "amount_per_grid", {"amount_per_grid": "-50"}),
        _case("amount-in-quotes", NO, "amount_per_grid.*number", {"amount_per_grid": '"50"'}),
        _case("five-hundred-buys", DOUBT, "n_open_buy_orders", {"n_open_buy_orders": "400"}),
        _case("no-buys", NO, "n_open_buy_orders", {"n_open_buy_orders": "0"}),
        _case("fewer-than-no-buys", NO, "n_open_buy_orders", {"n_open_buy_orders": "-2"}),
        _case("half-a-buy", NO, "n_open_buy_orders", {"n_open_buy_orders": "3.5"}),
        _case("limit-below-one-buy", NO, "max_investment", {"max_investment": "60"}),
        _case("limit-below-all-buys", DOUBT, "max_investment", {"max_investment": "250"}),
        _case("limit-without-end", NO, "max_investment", {"max_investment": "inf"}),
        _case("more-than-the-balance", DOUBT, "balance|USD", _wide("30", "500", "40000")),
        _case("deeper-than-the-price", DOUBT, "interval|n_open_buy_orders", _wide("50", "100", "90000", "0.12")),
        _case("amount-below-the-paper-minimum", NO, "amount_per_grid", {"amount_per_grid": "0.02"}, base=_DEMO),
        _case("paper-fees-eat-the-interval", NO, "fee", {"interval": "0.0009"}, base=_DEMO),
    ]


def _wide(buys: str, amount: str, limit: str, interval: str = "0.02") -> dict[str, str | None]:
    keys = ("n_open_buy_orders", "amount_per_grid", "max_investment", "interval")
    return dict(zip(keys, (buys, amount, limit, interval), strict=True))


def _names() -> list[Case]:
    """Keys, tables, kinds and coins that are spelled as elsewhere."""
    return [
        _case("a-key-from-nowhere", NO, "take_profit", more="take_profit = 0.1\n"),
        _case(
            "a-key-with-a-letter-too-many", NO, "did you mean.*interval", {"interval": None}, more="intervall = 0.02\n"
        ),
        _case(
            "a-key-that-lacks-a-word",
            NO,
            "n_open_buy_orders",
            {"n_open_buy_orders": None},
            more="open_buy_orders = 5\n",
        ),
        _case(
            "a-table-in-the-wrong-place",
            NO,
            "telegram.*notifier|notifier.*telegram",
            more='\n[telegram]\ntoken = "x"\n',
        ),
        _case("a-table-from-nowhere", NO, "risk", more="\n[risk]\nmax_loss = 10\n"),
        _case("dry-run-in-the-wrong-table", NO, r"dry_run.*\[?bot", more="dry_run = true\n"),
        _case("no-interval", NO, "interval", {"interval": None}),
        _case("no-userref", NO, "userref", {"userref": None}),
        _case("no-limit", NO, "max_investment", {"max_investment": None}),
        _case("no-word-of-dry-run", NO, "dry_run", {"dry_run": None}),
        _case("dry-run-as-a-text", NO, "dry_run", {"dry_run": '"true"'}),
        _case("dry-run-as-a-number", NO, "dry_run", {"dry_run": "0"}),
        _case("kind-in-small-letters", NO, "GridHODL", {"kind": '"gridhodl"'}),
        _case("kind-with-a-blank", NO, "kind.*GridSell", {"kind": '"GridSell "'}),
        _case("kind-of-another-bot", NO, "kind.*cDCA", {"kind": '"DCA"'}),
        _case("swing-without-a-word-of-old-coins-in-a-dry-run", DOUBT, "sell_existing_base", {"kind": '"SWING"'}),
        _case("an-adapter-that-is-not-there", NO, "adapter", {"adapter": '"bitvavo"'}),
        _case("an-adapter-in-capitals", NO, "adapter.*kraken", {"adapter": '"KRAKEN"'}),
        _case("a-stop-from-nowhere", NO, "on_stop.*cancel-all", {"on_stop": '"cancel"'}),
        _case("a-log-level-from-nowhere", NO, "log_level", {"log_level": '"trace"'}),
        _case("a-port-from-nowhere", NO, "port", {"port": "70000"}),
        _case("a-port-in-quotes", NO, "port", {"port": '"8080"'}),
        _case("a-coin-against-itself", NO, "currency", {"base_currency": '"USD"'}),
        _case("a-coin-in-small-letters", NO, "base_currency.*BTC", {"base_currency": '"btc"'}),
        _case("a-coin-by-its-old-name", NO, "base_currency.*BTC", {"base_currency": '"XBT"'}),
        _case("a-coin-as-a-ledger-has-it", NO, "base_currency.*BTC", {"base_currency": '"XXBT"'}),
        _case("a-pair-for-a-coin", NO, "base_currency", {"base_currency": '"BTC/USD"'}),
        _case("a-currency-with-a-blank", NO, "quote_currency", {"quote_currency": '" USD"'}),
        _case("a-coin-that-paper-does-not-know", NO, "FOO", {"base_currency": '"FOO"'}, base=_DEMO),
        _case("a-name-of-two-lines", NO, "name", {"name": '"my\\ngrid"'}),
        _case("a-name-of-signs", FINE, "", {"name": '"🚀"'}),
    ]


def _numbers_and_neighbours() -> list[Case]:
    """Userrefs, and a second strategy beside the first."""
    return [
        _case("userref-too-large", NO, "userref", {"userref": "3000000000"}),
        _case("userref-of-nothing", NO, "userref", {"userref": "0"}),
        _case("userref-below-nothing", NO, "userref", {"userref": "-7"}),
        _case("userref-twice", NO, "userref.*1001", more=_second(userref="1001")),
        _case("name-twice", NO, "name.*btc-hodl", more=_second(name='"btc-hodl"')),
        _case("two-on-two-pairs", FINE, "", {"balances": "{ USD = 10000, ETH = 5 }"}, more=_second()),
        _case("two-ladders-on-one-pair", DOUBT, "BTC/USD", more=_second(base_currency='"BTC"')),
        _case("two-that-want-more-than-there-is", DOUBT, "balance|USD", more=_second(**_rich())),
    ]


def _rich() -> dict[str, str]:
    return {"amount_per_grid": "4000", "max_investment": "20000"}


def _files() -> list[Case]:
    """Files that are no TOML, or not quite."""
    text = _kraken()
    no_comma = "interval = 0.02,"
    return [
        _case("a-comma-at-the-end", NO, "line", {"interval": "0.02,"}),
        _case("a-comma-for-a-point", NO, "line", {"interval": "0,02"}),
        _case("no-quotes", NO, "line", {"kind": "GridSell"}),
        _case("one-key-twice", NO, "interval", more="interval = 0.03\n"),
        _raw("single-brackets", NO, r"\[\[strategy\]\]", text.replace("[[strategy]]", "[strategy]")),
        _raw("no-strategy", NO, "strategy", text.partition("[[strategy]]")[0]),
        _raw("nothing", NO, "nothing|empty", ""),
        _raw("only-a-comment", NO, "nothing|empty", "# to do\n"),
        _raw("json", NO, "toml|line", '{"bot": {"name": "x"}}'),
        _raw("yaml", NO, "toml|line", "bot:\n  name: x\n"),
        _raw("bytes", NO, "toml|utf-8|text", bytes(range(256))),
        _raw("a-page-of-the-web", NO, "toml|line", "<!DOCTYPE html>\n<html></html>\n"),
        _raw("a-mark-of-windows", FINE, "", b"\xef\xbb\xbf" + text.encode()),
        _raw("line-ends-of-windows", FINE, "", text.replace("\n", "\r\n")),
        _raw("letters-of-windows", NO, "utf-8", text.replace('name = "kraken"', 'name = "Bär"').encode("cp1252")),
        _raw("words-of-windows", NO, "utf-8|utf-16", text.encode("utf-16")),
        _raw("a-line-too-much", NO, "line", text.replace("[bot]", f"{no_comma}\n[bot]", 1)),
    ]


def _keys_and_ways() -> list[Case]:
    """Real money, keys, environment, channels, addresses."""
    live: dict[str, str | None] = {"dry_run": "false"}
    files = 'api_public_key_file = "gone"\napi_secret_key_file = "gone too"\n'
    in_exchange = _kraken().replace("[exchange.paper]", f"{files}[exchange.paper]")
    return [
        _case("live-without-a-key", NO, "INFINITY_GRID_API_PUBLIC_KEY", live),
        _case("live-with-a-key", FINE, "", live, environment=_KEYS),
        _case("live-with-half-a-key", NO, "API_SECRET_KEY", live, environment={"INFINITY_GRID_API_PUBLIC_KEY": "abc"}),
        _case(
            "live-with-no-base64",
            NO,
            "API_SECRET_KEY",
            live,
            environment=_KEYS | {"INFINITY_GRID_API_SECRET_KEY": "not 64!"},
        ),
        _raw("live-with-files-that-are-gone", NO, "api_secret_key_file", set_key(in_exchange, "dry_run", "false")),
        _case("live-swing-without-a-word", NO, "sell_existing_base", {**live, "kind": '"SWING"'}, environment=_KEYS),
        _case("a-variable-that-is-none", NO, "INFINITY_GRID_API_KEY", environment={"INFINITY_GRID_API_KEY": "abc"}),
        _case("a-key-as-a-variable", NO, "INFINITY_GRID_DRY_RUN", environment={"INFINITY_GRID_DRY_RUN": "false"}),
        _case("telegram-without-a-chat", NO, "chat_id", more='\n[notifier.telegram]\ntoken = "12:ab"\n'),
        _case("telegram-without-a-token", NO, "token", more='\n[notifier.telegram]\ntoken = ""\nchat_id = 5\n'),
        _case("a-channel-that-is-none", NO, "telegram", more='\n[notifier.telegrm]\ntoken = "12:ab"\nchat_id = 5\n'),
        _case("a-hook-without-a-scheme", NO, "url", more='\n[notifier.webhook]\nurl = "example.org/x"\n'),
        _case("an-address-without-a-scheme", NO, "rest_url", {"rest_url": '"127.0.0.1:8100"'}),
        _case("prices-that-are-not-there", NO, "nofile.csv", {"prices": '"nofile.csv"'}, base=_DEMO),
        _case("time-that-runs-back", NO, "speed", {"speed": "-2"}, base=_DEMO),
        _case(
            "several-mistakes-at-once",
            NO,
            r"(?s)interval.*n_open_buy_orders",
            {"interval": "2", "n_open_buy_orders": "0"},
        ),
        _case("the-dry-run-as-it-comes", FINE, ""),
        _case("the-demo-as-it-comes", FINE, "", base=_DEMO),
    ]


def cases() -> list[Case]:
    """All of them."""
    return [*_units(), *_names(), *_numbers_and_neighbours(), *_files(), *_keys_and_ways()]


def disagreement(case: Case, code: int, said: str) -> str:
    """What is wrong with an answer; empty if it is right."""
    doubts = [line for line in said.splitlines() if line.startswith("warning:")]
    if "Traceback" in said:
        return "a traceback"
    if code != (2 if case.answer is NO else 0):
        return f"exit code {code}; should be: {case.answer.value}"
    if case.answer is FINE:
        return f"doubts: {doubts}" if doubts else ""
    text = said if case.answer is NO else "\n".join(doubts)
    found = re.search(case.words, text, re.IGNORECASE)
    return "" if found else f"nothing like {case.words!r}; should be: {case.answer.value}"
