"""What the venue's account owns."""

from decimal import Decimal

from simulators.kraken import DEMO_KEY, DEMO_PRIVATE, AccountSettings, KeySettings


def account(**balances: str) -> tuple[AccountSettings, ...]:
    """One account that owns this."""
    rows = {asset: Decimal(amount) for asset, amount in balances.items()}
    return (AccountSettings("demo", (KeySettings(DEMO_KEY, DEMO_PRIVATE),), rows),)
