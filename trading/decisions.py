"""Decisions of one strategy on their way: written down first, then sent. No order leaves before its commit."""

from collections.abc import Iterable

from messages.orders import Cancel, Command, Filled, OrderEvent, PartiallyFilled, Place
from trading.strategies.core import Output


class Decisions:
    """A strategy's decisions since its start, from commit to sending: nothing leaves before its commit is durable."""

    def __init__(self) -> None:
        self._outputs: list[Output] = []
        self._handled: list[str] = []
        self._unacknowledged: dict[int, list[Output]] = {}

    def add(self, outputs: Iterable[Output]) -> None:
        """The core asks for these."""
        self._outputs.extend(outputs)

    def handled(self, event: OrderEvent) -> None:
        """The core has taken this event into its state."""
        self._handled.append(_event_id(event))

    @property
    def are_new(self) -> bool:
        """Whether anything is to be written."""
        return bool(self._outputs or self._handled)

    @property
    def wait(self) -> bool:
        """Whether a commit is not acknowledged yet."""
        return bool(self._unacknowledged)

    def take(self, number: int) -> tuple[tuple[Command, ...], tuple[str, ...]]:
        """Commands and handled events for the commit of this number, which waits from now on."""
        outputs, self._outputs = self._outputs, []
        handled, self._handled = self._handled, []
        self._unacknowledged[number] = outputs
        return commands_of(outputs), tuple(handled)

    def release(self, number: int) -> list[Output]:
        """The commit is durable: what may leave now. Nothing for a commit that is not known, or was released."""
        return self._unacknowledged.pop(number, [])


def commands_of(outputs: list[Output]) -> tuple[Command, ...]:
    """Those that are for the exchange; the others are notices."""
    return tuple(output for output in outputs if isinstance(output, Place | Cancel))


def _event_id(event: OrderEvent) -> str:
    if isinstance(event, PartiallyFilled | Filled):
        return event.fill_id
    return f"{event.order_id} {type(event).__name__}"
