"""A path as a scenario: one plain sentence per step."""

from messages.ids import answered_by, userref_of
from messages.orders import Place
from tests.explorer.search import Found
from tests.explorer.steps import Steps

_SAID = {
    "start": "The program starts, reads its journal and connects.",
    "commit": "What was decided is written to the journal.",
    "leave": "The order desk is asked to {asked}.",
    "tick": "{strategy} sees a trade and decides.",
    "hear": "The program hears that {order} is {what}.",
    "hear twice": "The program hears that {order} is {what}, and will hear it once more.",
    "answer lost": "The answer that {order} is {what} gets lost.",
    "break": "The connection breaks; the program reconnects.",
    "crash": "The program is killed.",
    "journal lost": "The machine fails; the journal comes back without its last commit.",
    "open": "{Order} arrives and rests at the exchange.",
    "no funds": "The exchange refuses {order}: the account lacks funds.",
    "refuse": "The exchange refuses {order} this once.",
    "fill": "{Order} is filled.",
    "partial": "Half of {order} is filled.",
    "by hand": "The account owner cancels {order}.",
    "rise": "The market rises.",
    "deadline": "The deadline of {order} passes without a word of it.",
    "ask": "The program asks what became of {order}, with a cancel by its client id.",
    "no answer": "Nobody answers the question about {order}; the program connects anew.",
    "cancel again": "Nobody answers the cancel of {order}; it is sent again.",
    "quiet": "The deadlines of all that was sent earlier pass.",
    "quiet late": "The deadlines of all that was sent earlier pass, while the stream is late.",
    "attach present": "{strategy} is told what became of its orders, and decides.",
    "attach past": "{strategy} is told what a view of the past shows: its orders never arrived.",
    "attach": "{strategy} attaches and decides.",
}
_REQUESTS = {"place": "request", "cancel": "cancel", "ask": "question"}


class Story:
    """Puts the steps of one search into words."""

    def __init__(self, rules: Steps) -> None:
        self._rules = rules
        self._named = {**_SAID, **rules.words}

    def of(self, found: Found) -> list[str]:
        """The path, and what is wrong at its end."""
        told = [self.sentence(what) for what, _ in found.path]
        return [*told, f"Wrong: {found.wrong}."]

    def sentence(self, what: tuple[str, ...]) -> str:
        """One step."""
        verb, *about = what
        match verb:
            case "attach":
                index, view = about
                text = self._named[f"attach {view}".strip()]
                return text.format(strategy=self._strategy(int(index)))
            case "tick":
                return self._named[verb].format(strategy=self._strategy(int(about[0])))
            case "leave" | "leave early":
                pairs = zip(about[::2], about[1::2], strict=True)
                asked = " and to ".join(f"{kind} {self.order(name)}" for kind, name in pairs)
                return self._named[verb].format(asked=asked)
            case "arrive" | "lose":
                request, name = about
                happens = "arrives" if verb == "arrive" else "gets lost"
                return f"The {_REQUESTS[request]} {'for' if request == 'place' else 'of'} {self.order(name)} {happens}."
            case "hear" | "hear twice" | "answer lost":
                state, name = about
                states = {"partial": "partly filled", "no funds": "refused for lack of funds"}
                return self._named[verb].format(order=self.order(name), what=states.get(state, state))
        order = self.order(about[0]) if about else ""
        return self._named[verb].format(order=order, Order=order[:1].upper() + order[1:])

    def order(self, name: str) -> str:
        """An order by client id or by exchange id, in words."""
        order_id = name.removeprefix("O-").partition("-")[0]
        place = self._rules.rig.asked[order_id]
        role = self._role(place)
        owner = self._whose(order_id)
        return owner + (role.removeprefix("the ") if owner else role)

    def _whose(self, order_id: str) -> str:
        index = self._rules.rig.index[userref_of(order_id) or 0]
        return f"{self._rules.scene.settings[index].name}'s " if len(self._rules.scene.settings) > 1 else ""

    def _role(self, place: Place) -> str:
        if place.kind != "counter":
            number = place.cause.rpartition("/")[2]
            return f"{'' if place.kind == 'ladder' else f'{place.kind} '}{place.side} {number}"
        parent = self._rules.rig.asked[answered_by(place.cause).removeprefix("O-").partition("-")[0]]
        attempt = place.cause.partition("#")[2]
        again = f", attempt {int(attempt) + 1}" if attempt else ""
        return f"the {place.side} for {self._role(parent)}{again}"

    def _strategy(self, index: int) -> str:
        return (
            self._rules.scene.settings[index].name.capitalize() if len(self._rules.scene.settings) > 1 else "The grid"
        )
