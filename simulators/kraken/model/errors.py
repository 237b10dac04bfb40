"""What the venue refuses with, in its own words."""

INVALID_ARGUMENTS = "EGeneral:Invalid arguments"
PERMISSION_DENIED = "EGeneral:Permission denied"
LOCKOUT = "EGeneral:Temporary lockout"
UNKNOWN_METHOD = "EGeneral:Unknown method"
INVALID_KEY = "EAPI:Invalid key"
INVALID_SIGNATURE = "EAPI:Invalid signature"
INVALID_NONCE = "EAPI:Invalid nonce"
REST_LIMIT = "EAPI:Rate limit exceeded"
INVALID_SESSION = "ESession:Invalid session"
UNAVAILABLE = "EService:Unavailable"
DEADLINE_ELAPSED = "EService:Deadline elapsed"
INSUFFICIENT_FUNDS = "EOrder:Insufficient funds"
VOLUME_MINIMUM = "EGeneral:Invalid arguments:volume minimum not met"
ORDER_MINIMUM = "EOrder:Order minimum not met"
COST_MINIMUM = "EOrder:Cost minimum not met"
TICK_SIZE = "EOrder:Tick size check failed"
INVALID_PRICE = "EOrder:Invalid price"
INVALID_ORDER = "EOrder:Invalid order"
UNKNOWN_ORDER = "EOrder:Unknown order"
POST_ONLY = "EOrder:Post only order"
ORDERS_LIMIT = "EOrder:Orders limit exceeded"
ENGINE_LIMIT = "EOrder:Rate limit exceeded"
UNKNOWN_PAIR = "EQuery:Unknown asset pair"
UNKNOWN_ASSET = "EQuery:Unknown asset"
CL_ORD_ID = "EGeneral:Invalid arguments:cl_ord_id"
CL_ORD_ID_NOT_UNIQUE = "EGeneral:Invalid arguments:cl_ord_id not unique"


class Refused(Exception):
    """The venue says no; nothing happened. `text` is the error string that goes to the client."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


def market_mode(mode: str) -> Refused:
    """The market's state forbids this order."""
    return Refused(f"EService:Market in {mode} mode")
