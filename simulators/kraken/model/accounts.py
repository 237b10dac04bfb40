"""Accounts with their balances and holds, and the API keys that open them."""

from decimal import ROUND_HALF_UP, Decimal
from zlib import crc32

from msgspec.structs import replace

from simulators.kraken.model.catalogue import Asset
from simulators.kraken.model.clock import SECOND
from simulators.kraken.model.errors import INVALID_NONCE, LOCKOUT, PERMISSION_DENIED, Refused
from simulators.kraken.model.fees import Rates, standing
from simulators.kraken.model.orders import LedgerEntry, Trade
from simulators.kraken.model.rates import TIERS, Counter, RestCounter, Tier
from simulators.kraken.settings import AccountSettings, KeySettings

LOCKOUT_TIME = 15 * 60 * SECOND
_FAULTS_WITHIN = 60 * SECOND
_MAX_NONCE = (1 << 64) - 1


def rounded(amount: Decimal, decimals: int) -> Decimal:
    """To nearest, as the recorded samples show."""
    return amount.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)


def _iban(name: str) -> str:
    """One account number per account, the same in every run."""
    digits = f"{crc32(name.encode()):010}"
    return f"AA{digits[:2]} N84G {digits[2:6]} {digits[6:]}"


class Account:
    """One client of the venue."""

    def __init__(self, settings: AccountSettings) -> None:
        self.name = settings.name
        self.tier = TIERS[settings.tier]
        self.rows = dict(settings.balances)
        """Balance by row."""
        self.volume = settings.volume_30d
        """Traded in the last 30 days; quote currency counts as USD."""
        self.entries: list[LedgerEntry] = []
        self.trades: list[Trade] = []
        self.switch: int = 0
        """When the dead man's switch fires; 0 while it is disarmed."""
        self.iban = settings.iban or _iban(settings.name)
        """What GetApiKeyInfo says of the account, whichever of its keys asks."""
        self.restricted: dict[str, str] = {}
        """Why orders are refused, by id of the pair."""
        self.fee_credits = False
        """Fees are paid with fee credits instead of quote currency."""
        self._fixed = settings.rates
        self._held: dict[str, Decimal] = {}
        self._counters: dict[str, Counter] = {}

    @property
    def rates(self) -> Rates:
        """Percent."""
        return self._fixed or standing(self.volume)[0].rates

    @property
    def has_fixed_rates(self) -> bool:
        return self._fixed is not None

    def fix_rates(self, rates: Rates | None) -> None:
        """Percent, whatever the volume; None: those of the ladder."""
        self._fixed = rates

    def owned(self, asset: Asset) -> Decimal:
        """Sum of all balance rows of the asset, bound ones included."""
        return self.total(asset) + sum((self.rows.get(row, Decimal(0)) for row in asset.bound_rows), Decimal(0))

    def total(self, asset: Asset) -> Decimal:
        """Sum of the spendable balance rows of the asset."""
        return self.rows.get(asset.row, Decimal(0)) + self.rows.get(asset.earn_row, Decimal(0))

    def held(self, asset: Asset) -> Decimal:
        """What open orders keep."""
        return self._held.get(asset.id, Decimal(0))

    def free(self, asset: Asset) -> Decimal:
        return self.total(asset) - self.held(asset)

    def hold(self, asset: Asset, change: Decimal) -> None:
        self._held[asset.id] = self.held(asset) + change

    def post(
        self, asset: Asset, entry_id: str, refid: str, kind: str, amount: Decimal, fee: Decimal, time: int
    ) -> LedgerEntry:
        """Change the balance by amount - fee. What the plain row lacks comes from the row that earns."""
        change = rounded(amount, asset.decimals) - rounded(fee, asset.decimals)
        plain = self.rows.get(asset.row, Decimal(0)) + change
        earning = self.rows.get(asset.earn_row, Decimal(0))
        if plain < 0 < earning:
            moved = min(-plain, earning)
            plain += moved
            self.rows[asset.earn_row] = earning - moved
        self.rows[asset.row] = plain
        entry = LedgerEntry(
            id=entry_id,
            refid=refid,
            time=time,
            kind=kind,
            asset=asset.id,
            row=asset.row,
            amount=rounded(amount, asset.decimals),
            fee=rounded(fee, asset.decimals),
            balance=plain,
            total=self.owned(asset),
        )
        self.entries.append(entry)
        return entry

    def post_on(self, asset: Asset, row: str, entry: LedgerEntry) -> LedgerEntry:
        """Change the balance of one row by the entry's amount less its fee, also below zero; the entry as written."""
        self.rows[row] = self.rows.get(row, Decimal(0)) + entry.amount - entry.fee
        entry = replace(entry, balance=self.rows[row], total=self.owned(asset))
        self.entries.append(entry)
        return entry

    def counter(self, pair: str) -> Counter:
        """The engine's counter of this account and pair."""
        return self._counters.setdefault(pair, Counter(self.tier.engine_decay))

    def take_tier(self, tier: Tier) -> None:
        """Another verification level; what is spent stays spent."""
        self.tier = tier
        for counter in self._counters.values():
            counter.decay = tier.engine_decay

    def counters(self, now: int) -> dict[str, Decimal]:
        """Where they stand, by pair id."""
        return {pair: counter.value(now) for pair, counter in self._counters.items()}


class ApiKey:
    """One key of an account: its rights, nonce, REST counter and lockout."""

    def __init__(self, settings: KeySettings, account: Account, created: int, lockout_after: int) -> None:
        self.settings = settings
        self.account = account
        self.counter = RestCounter(account.tier)
        self.nonce = 0
        """The highest one seen."""
        self.created = created
        self.last_used = 0
        self._lockout_after = lockout_after
        self._faults: list[int] = []
        self._locked_until = 0

    def permit(self, alternatives: tuple[frozenset[str], ...]) -> None:
        """Raises `Refused` unless the key has all rights of one of the alternatives; none asked, all allowed."""
        if alternatives and not any(needed <= self.settings.permissions for needed in alternatives):
            raise Refused(PERMISSION_DENIED)

    def lock(self, until: int) -> None:
        """Lock the key out."""
        self._locked_until = until

    def check_lockout(self, now: int) -> None:
        if now < self._locked_until:
            raise Refused(LOCKOUT)

    def use_nonce(self, nonce: int, now: int) -> None:
        """Raises `Refused` for one that is not above the highest, less the window."""
        too_old = nonce <= self.nonce - self.settings.nonce_window
        if too_old or nonce == self.nonce or nonce > _MAX_NONCE:
            self.count_fault(now)
            raise Refused(INVALID_NONCE)
        self.nonce = max(self.nonce, nonce)
        self.last_used = now

    def count_fault(self, now: int) -> None:
        """A bad nonce or signature; too many within a minute lock the key out."""
        self._faults = [time for time in self._faults if time > now - _FAULTS_WITHIN] + [now]
        if len(self._faults) >= self._lockout_after:
            self._locked_until = now + LOCKOUT_TIME
            self._faults.clear()
