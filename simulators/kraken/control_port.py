"""The control object over HTTP: `POST /<command>` with a JSON object of its arguments; `GET /state`, `/requests`."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any, get_type_hints

import msgspec

from simulators.kraken import wire
from simulators.kraken.control import Control
from simulators.kraken.faults import FrameFault, Latency, RequestFault
from simulators.kraken.model.errors import Refused
from simulators.kraken.settings import AccountSettings, Behaviour
from simulators.kraken.web import HttpReply, HttpRequest

COMMANDS = (
    "price",
    "path",
    "quote",
    "depth",
    "replay",
    "fill",
    "cancel",
    "amend",
    "deposit",
    "withdraw",
    "move",
    "stake",
    "convert",
    "place",
    "add_account",
    "add_key",
    "remove_key",
    "permissions",
    "fees",
    "restrict",
    "unrestrict",
    "rules",
    "misprint",
    "delist",
    "relist",
    "odd_pair",
    "tier",
    "use_nonce",
    "lock_out",
    "system_status",
    "pair_status",
    "advance",
    "revoke_tokens",
    "behave",
    "latency",
    "fault",
    "frame_fault",
    "clear_faults",
    "drop",
    "refuse",
    "admit",
    "silence",
    "restore",
)
_STRUCTS: Mapping[str, type[AccountSettings | Latency | RequestFault | FrameFault]] = {
    "add_account": AccountSettings,
    "latency": Latency,
    "fault": RequestFault,
    "frame_fault": FrameFault,
}


class ControlPort:
    """Answers HTTP requests of the control port. 400 says what is wrong with a command."""

    def __init__(self, control: Control) -> None:
        self._control = control

    async def handle(self, request: HttpRequest) -> HttpReply:
        name = request.path.strip("/")
        try:
            if request.method == "GET":
                return _reply(self._look(name))
            arguments = wire.decode(request.body) if request.body else {}
            return _reply(await self._run(name, arguments))
        except (LookupError, ValueError, TypeError, OSError, Refused) as error:
            return _reply({"error": str(error)}, 400)

    def _look(self, name: str) -> object:
        match name:
            case "" | "help":
                return {name: self._described(name) for name in COMMANDS}
            case "state":
                return self._control.state()
            case "requests":
                return self._control.requests()
            case _:
                raise LookupError(f"there is no view {name}; there are help, state, requests")

    async def _run(self, name: str, arguments: dict[str, Any]) -> object:
        if name not in COMMANDS:
            raise LookupError(f"there is no command {name}; there are {', '.join(COMMANDS)}")
        if name == "behave":
            self._control.behave(arguments)
            return None
        if name in _STRUCTS:
            value = msgspec.convert(arguments, _STRUCTS[name], strict=False)
            return self._command(name)(value)
        command = self._command(name)
        result = command(**_converted(command, arguments))
        return await result if inspect.isawaitable(result) else result

    def _command(self, name: str) -> Callable[..., Any]:
        command: Callable[..., Any] = getattr(self._control, "fault" if name == "frame_fault" else name)
        return command

    def _described(self, name: str) -> dict[str, str]:
        fields = _STRUCTS.get(name, Behaviour if name == "behave" else None)
        signature = ", ".join(fields.__struct_fields__) if fields else str(inspect.signature(self._command(name)))
        return {"arguments": signature, "about": inspect.getdoc(self._command(name)) or ""}


def _converted(command: object, arguments: dict[str, Any]) -> dict[str, Any]:
    """Arguments as the types that the command is annotated with. Raises `ValueError` or `TypeError`."""
    hints = get_type_hints(command)
    hints.pop("return", None)
    if unknown := set(arguments) - set(hints):
        raise TypeError(f"unknown arguments {', '.join(sorted(unknown))}; there are {', '.join(hints)}")
    return {name: msgspec.convert(value, hints[name], strict=False) for name, value in arguments.items()}


def _reply(value: object, status: int = 200) -> HttpReply:
    body = wire.encode({"ok": True} if value is None else value)
    return HttpReply(body, status)
