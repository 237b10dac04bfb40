"""WebSocket tokens: 15 minutes to be used, then as long as a subscription holds them."""

from simulators.kraken.model.accounts import ApiKey
from simulators.kraken.model.clock import SECOND
from simulators.kraken.model.errors import INVALID_SESSION, Refused

LIFE_SECONDS = 900


class Token:
    """One token and how many subscriptions keep it alive."""

    def __init__(self, key: ApiKey, until: int) -> None:
        self.key = key
        self.until = until
        self.holders = 0


class Tokens:
    """All tokens given out."""

    def __init__(self) -> None:
        self._tokens: dict[str, Token] = {}

    def issue(self, text: str, key: ApiKey, now: int) -> None:
        self._tokens[text] = Token(key, now + LIFE_SECONDS * SECOND)

    def use(self, text: object, now: int) -> Token:
        """Raises `Refused` for a token that is unknown or has run out."""
        token = self._tokens.get(text) if isinstance(text, str) else None
        if token is None or (not token.holders and now >= token.until):
            raise Refused(INVALID_SESSION)
        return token

    def revoke_all(self) -> None:
        """As after a restart of the venue."""
        self._tokens.clear()
