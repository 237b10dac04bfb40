"""Configurations for the adapter's tests."""

from decimal import Decimal
from pathlib import Path

from config import BotConfig, Config, ExchangeConfig, PaperConfig, PersistenceConfig, StrategyConfig
from tests.adapters.exchanges.kraken.support import KEY, PRIVATE


def configured(
    folder: Path,
    *,
    symbol: str = "BTC/USD",
    dry_run: bool = False,
    adapter: str = "kraken",
    rest_url: str = "",
    ws_url: str = "",
    ws_auth_url: str = "",
    keys: bool = True,
    paper: PaperConfig | None = None,
) -> Config:
    """One strategy on one pair."""
    base, _, quote = symbol.partition("/")
    strategy = StrategyConfig(
        name="grid",
        kind="GridHODL",
        base_currency=base,
        quote_currency=quote,
        userref=1001,
        amount_per_grid=Decimal(100),
        interval=Decimal("0.02"),
        max_investment=Decimal(1000),
    )
    exchange = ExchangeConfig(
        adapter=adapter,
        api_public_key=KEY if keys else None,
        api_secret_key=PRIVATE if keys else None,
        rest_url=rest_url,
        ws_url=ws_url,
        ws_auth_url=ws_auth_url,
        paper=paper or PaperConfig(balances={"USD": Decimal(1000)}),
    )
    return Config(
        exchange=exchange,
        strategy=(strategy,),
        bot=BotConfig(dry_run=dry_run),
        persistence=PersistenceConfig(str(folder / "grid.duckdb")),
    )
