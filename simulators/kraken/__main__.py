"""`python -m simulators.kraken`: the local venue for clients in other processes."""

import argparse
import sys
import tomllib
from decimal import Decimal
from functools import partial
from pathlib import Path

import msgspec
import trio

from simulators.kraken.server import Ports, Sandbox, serve
from simulators.kraken.settings import DEMO_KEY, DEMO_PRIVATE, Settings

_ABOUT = """\
A stand-in of Kraken's spot REST and WebSocket v2 on loopback. It prints its addresses and serves until
interrupted. Prices, fills, money, status, faults and the clock are moved through the control port:

  curl -s CONTROL/help
  curl -s CONTROL/price -d '{"symbol": "BTC/USD", "price": "60000.0"}'
  curl -s CONTROL/fault -d '{"action": "lose_reply", "target": "rest:AddOrder"}'
  curl -s CONTROL/state

Without --settings there is one account, with 100000 USD, 100000 EUR, 2 BTC and this API key:
"""


def _arguments() -> argparse.Namespace:
    keys = f"  {DEMO_KEY}\n  {DEMO_PRIVATE}\n"
    parser = argparse.ArgumentParser(
        prog="python -m simulators.kraken",
        description=_ABOUT + keys,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--settings", type=Path, help="TOML file with the fields of settings.Settings")
    for name in Ports.__struct_fields__:
        parser.add_argument(f"--{name.replace('_', '-')}-port", type=int, default=0, help="default: any free port")
    return parser.parse_args()


def _settings(file: Path | None) -> Settings:
    if file is None:
        return Settings()
    return msgspec.convert(tomllib.loads(file.read_text(), parse_float=Decimal), Settings, strict=False)


async def _run(settings: Settings, ports: Ports) -> None:
    async with trio.open_nursery() as nursery:
        sandbox: Sandbox = await nursery.start(partial(serve, settings, ports))
        addresses = {
            "rest_url": sandbox.rest_url,
            "ws_url": sandbox.ws_url,
            "ws_auth_url": sandbox.ws_auth_url,
            "control_url": sandbox.control_url,
        }
        sys.stdout.write("".join(f"{name} = {address}\n" for name, address in addresses.items()))
        sys.stdout.flush()


def main() -> int:
    """0 after an interrupt, 2 for settings that cannot be read and for ports that are taken."""
    arguments = _arguments()
    ports = Ports(**{name: getattr(arguments, f"{name}_port") for name in Ports.__struct_fields__})
    try:
        settings = _settings(arguments.settings)
    except (OSError, ValueError) as error:
        sys.stderr.write(f"settings: {error}\n")
        return 2
    code = 0
    try:
        trio.run(_run, settings, ports)
    except* KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
    except* OSError as errors:
        sys.stderr.write(f"error: {_first(errors)}; name other ports, or none: then any free ones are taken\n")
        code = 2
    return code


def _first(errors: BaseExceptionGroup[OSError]) -> OSError:
    error = errors.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error


if __name__ == "__main__":
    sys.exit(main())
