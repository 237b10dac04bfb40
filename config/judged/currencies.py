"""Names of currencies that an exchange spells in another way, or that are nowhere known.

The list of coins is renewed by hand, now and then: of Kraken's public `/0/public/AssetPairs` the first half of every
`wsname`, in common spelling (`common_asset`: XBT is BTC), without fiat. Names are added, never taken out: a coin
that is no longer listed is still no misspelling. A missing one costs a warning and nothing else.
"""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from config.judged.stakes import FIAT
from config.problems import ConfigWarning, Problem, shown
from config.schema import Config

_COINS = """
1INCH AAVE ACX ADA AERO AGLD AIXBT AKT ALCX ALGO ALICE ALPHA ANKR APE API3 APT ARB ARKM ASTR ATH ATOM AUDIO AVAX
AXS BADGER BAL BAND BAT BCH BEAM BERA BICO BIGTIME BLUR BLZ BNB BNC BNT BOND BONK BRICK BSX BTC BTT C98 CELR CFG
CHR CHZ COMP COQ COTI COW CPOOL CQT CRO CRV CSM CTSI CVC CVX CXT DASH DAI DENT DOGE DOT DRIFT DRV DYDX DYM EGLD
EIGEN ENA ENJ ENS EOS ETC ETH ETHFI ETHW EUL EUROP EURQ EURR EURT EWT FARM FARTCOIN FET FIDA FIL FIS FLOKI FLOW
FLR FLUX FORTH FTM FWOG FXS G GALA GARI GFI GHST GIGA GLMR GMT GMX GNO GOAT GRASS GRT GST GTC GUN HDX HFT HNT
HONEY HPOS10I HYPE ICP ICX IDEX IMX INJ INTR IOTX JASMY JTO JUNO JUP K KAITO KAR KAS KAVA KEEP KERNEL KEY KILT
KIN KINT KNC KP3R KSM KTA L3 LAYER LCX LDO LINK LMWR LOFI LPT LQTY LRC LSETH LSK LTC LUNA LUNA2 MANA MASK MATIC
ME MELANIA MEME METIS MINA MIR MLN MNT MOG MOODENG MORPHO MOVE MOVR MSOL MULTI MV MXC NANO NEAR NEIRO NIL NMR
NODL NOS NOT NTRN NYM OCEAN OGN OM OMG ONDO OP ORCA OSMO OXT OXY PAXG PDA PENDLE PENGU PEPE PERP PHA PLUME PNUT
POL POLIS POLS POND PONKE POPCAT PORTAL POWR PRIME PROMPT PSTAKE PUFFER PUMP PYTH PYUSD QNT QTUM RAD RAIZ RARE
RARI RAY RBC RED REN RENDER REP REPV2 REQ REZ RLC RLUSD ROOK RPL RUNE S SAFE SAGA SAMO SAND SBR SC SCRT SDN SEI
SGB SHIB SKY SNX SOL SONIC SPELL SPX SRM SSV STEP STG STORJ STRD STRK STX SUI SUN SUPER SUSHI SWARMS SWELL SYN
SYRUP T TAO TBTC TEER TIA TLM TNSR TOKE TON TRAC TRB TREMP TRU TRUMP TRX TUSD TVK TURBO UFD UMA UNFI UNI USD1
USDC USDD USDE USDG USDQ USDR USDS USDT UST VANRY VELODROME VINE VIRTUAL VVV W WAL WAVES WAXL WBTC WCT WELL WEN
WIF WIN WLD WLFI WOO XAI XAUT XCN XDC XLM XMR XPL XRP XRT XTZ YFI YGG ZEC ZEREBRO ZETA ZEUS ZEX ZK ZORA ZRO ZRX
"""
COINS = frozenset(_COINS.split())
"""Names that exchanges list or have listed. No such list is ever complete: what is missing is only asked about."""

CODES: Mapping[str, str] = MappingProxyType(
    {
        "bitcoin": "BTC",
        "bitcoincash": "BCH",
        "ethereum": "ETH",
        "ether": "ETH",
        "solana": "SOL",
        "cardano": "ADA",
        "ripple": "XRP",
        "dogecoin": "DOGE",
        "litecoin": "LTC",
        "polkadot": "DOT",
        "polygon": "POL",
        "avalanche": "AVAX",
        "chainlink": "LINK",
        "monero": "XMR",
        "stellar": "XLM",
        "tezos": "XTZ",
        "tron": "TRX",
        "uniswap": "UNI",
        "cosmos": "ATOM",
        "tether": "USDT",
        "dollar": "USD",
        "euro": "EUR",
        "pound": "GBP",
        "yen": "JPY",
        "franc": "CHF",
    }
)
"""What people call a currency, in small letters, and how an exchange lists it."""


def unknown_names(config: Config, source: str) -> Iterator[ConfigWarning]:
    """Currencies of no known name: a new coin, or a slip of the pen that only the start would find."""
    for index, strategy in enumerate(config.strategy):
        for key in ("base_currency", "quote_currency"):
            name = getattr(strategy, key)
            if name not in COINS and name not in FIAT and not _tokenized(name):
                meaning = "no currency that is known here; whether the exchange lists it is asked at the start only"
                yield ConfigWarning(source, f"strategy[{index}].{key}", shown(name), meaning, strategy.name)


def _tokenized(name: str) -> bool:
    """Whether it is named like a share: `AAPLx`."""
    return name.endswith("x") and name[:-1].isalpha() and name[:-1].isupper()


def spelling_problems(config: Config, common: Callable[[str], str], source: str) -> Iterator[Problem]:
    """Currencies that are never listed as they stand here; `common` gives the spelling of the exchange's listing."""
    for index, strategy in enumerate(config.strategy):
        for key in ("base_currency", "quote_currency"):
            name = getattr(strategy, key)
            listed = CODES.get(name.casefold()) or common(name.upper() if name.islower() else name)
            if listed != name:
                where = f"strategy[{index}].{key}"
                yield Problem(
                    source, where, shown(name), f"{shown(listed)}, as the exchange lists it", "", strategy.name
                )
