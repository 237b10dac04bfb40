"""The pairs that the local venue offers by default."""

from decimal import Decimal

from simulators.kraken.model.catalogue import Asset, Pair

BTC = Asset("XXBT", "XBT", "BTC", 10)
ETH = Asset("XETH", "ETH", "ETH", 10)
DOGE = Asset("XXDG", "XDG", "DOGE", 8)
SOL = Asset("SOL", "SOL", "SOL", 10)
DOT = Asset("DOT", "DOT", "DOT", 10)
AAPL = Asset("AAPLx", "AAPLx", "AAPLx", 10, aclass="tokenized_asset")
USD = Asset("ZUSD", "USD", "USD", 4, 2)
EUR = Asset("ZEUR", "EUR", "EUR", 4, 2)
FEE_CREDITS = Asset("KFEE", "FEE", "FEE", 2, 2)
"""What some accounts pay fees with; no pair trades it."""
USDT = Asset("USDT", "USDT", "USDT", 8, 4)


def make_pair(
    base: Asset, quote: Asset, decimals: int, ordermin: str, *, pair_id: str = "", lot_decimals: int = 8
) -> Pair:
    """A pair with the common rules: tick 10^-decimals, cost minimum 0.5, five decimals of cost."""
    altname = base.altname + quote.altname
    return Pair(
        id=pair_id or altname,
        altname=altname,
        symbol=f"{base.symbol}/{quote.symbol}",
        base=base,
        quote=quote,
        pair_decimals=decimals,
        lot_decimals=lot_decimals,
        cost_decimals=5,
        ordermin=Decimal(ordermin),
        costmin=Decimal("0.5"),
        tick_size=Decimal(1).scaleb(-decimals),
    )


PAIRS = (
    make_pair(BTC, USD, 1, "0.00005", pair_id="XXBTZUSD"),
    make_pair(BTC, EUR, 1, "0.00005", pair_id="XXBTZEUR"),
    make_pair(BTC, USDT, 1, "0.00005"),
    make_pair(ETH, USD, 2, "0.002", pair_id="XETHZUSD"),
    make_pair(ETH, EUR, 2, "0.002", pair_id="XETHZEUR"),
    make_pair(ETH, BTC, 5, "0.002", pair_id="XETHXXBT"),
    make_pair(SOL, USD, 2, "0.02"),
    make_pair(DOT, EUR, 4, "0.5"),
    make_pair(DOGE, USD, 7, "13"),
    make_pair(AAPL, USD, 2, "0.001"),
)
