"""Who waits for whose answer, read from the sources: mailboxes that are received from, and calls that are awaited."""

import ast
import inspect
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import get_args, get_type_hints

from actors import mailbox
from assembly.wiring import Mailboxes
from messages import mailboxes
from simulators.paper.exchange import AccountStore
from trading.ports import Channel, Exchange, TradingSession

ROOT = Path(__file__).parent.parent
ANSWERS: frozenset[str] = frozenset(kind.__name__ for kind in get_args(get_type_hints(Mailboxes.deliver)["answer"]))
"""Messages that answer a question, by the supervisor's own wiring."""


def methods(protocol: type) -> frozenset[str]:
    return frozenset(name for name, _ in inspect.getmembers(protocol, inspect.isfunction) if name[0] != "_")


OUTSIDE = {
    "exchange": methods(Exchange) | methods(TradingSession),
    "channel": methods(Channel),
    "account_client": methods(AccountStore),
}
"""Who is asked by a call that is awaited, by the names of its methods."""


def modules(*folders: str) -> dict[str, ast.Module]:
    """The parsed sources below these folders of the project, by their path."""
    paths = sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    return {path.relative_to(ROOT).as_posix(): _parsed(path) for path in paths}


def node_of(path: str) -> str:
    """What the graph calls a module: an actor by its name, every exchange adapter `exchange`."""
    stem = Path(path).parent.name if Path(path).stem == "actor" else Path(path).stem
    return "exchange" if path.startswith("adapters/exchanges/") else stem


def received(tree: ast.Module) -> list[str | None]:
    """The type of each mailbox that the module receives from; None where it cannot be told."""
    found: list[str | None] = []
    for scope in _classes_and_functions(tree):
        types = _mailbox_types(scope)
        targets = (call.func for call in _calls(scope) if isinstance(call.func, ast.Attribute))
        found += [types.get(_last_name(f.value)) for f in targets if f.attr in ("receive", "receive_nowait")]
    return found


def asked(tree: ast.Module) -> set[str]:
    """Who of `OUTSIDE` the module asks and waits for."""
    functions = (call.func for call in _awaited(tree) if isinstance(call.func, ast.Attribute))
    names = {function.attr for function in functions if _last_name(function.value) != "self"}
    return {who for who, methods_ in OUTSIDE.items() if names & methods_}


def handed_on(tree: ast.Module) -> set[str]:
    """Names of all messages that the module makes as an argument of another call, in order to send them."""
    arguments = (argument for call in _calls(tree) for argument in call.args)
    return {_last_name(argument.func) for argument in arguments if isinstance(argument, ast.Call)}


def awaited_outside_itself(tree: ast.Module) -> set[str]:
    """What the module awaits, apart from its own functions and methods."""
    own = {f.name for f in ast.walk(tree) if isinstance(f, ast.FunctionDef | ast.AsyncFunctionDef)}
    return {ast.unparse(call.func) for call in _awaited(tree) if _last_name(call.func) not in own}


def answers_in(mail: str) -> frozenset[str]:
    """The answers among the messages of a mailbox."""
    return ANSWERS & {kind.__name__ for kind in get_args(getattr(mailboxes, mail, None))}


def waits() -> dict[str, set[str]]:
    """The graph: each module that waits for an answer, and those that it waits for."""
    sources = modules("actors", "adapters/exchanges", "assembly", "supervision")
    producers = {node_of(path) for path, tree in sources.items() if handed_on(tree) & ANSWERS}
    graph: dict[str, set[str]] = {}
    for path, tree in sources.items():
        edges = asked(tree)
        if node_of(path) == "exchange":
            edges.discard("channel")  # a socket has a `send`, too, and no exchange may import a channel
        if any(mail is not None and answers_in(mail) for mail in received(tree)):
            edges |= producers
        if edges:
            graph.setdefault(node_of(path), set()).update(edges - {node_of(path)})
    return graph


def coroutine_methods_of_a_mailbox() -> list[str]:
    return [name for name, _ in inspect.getmembers(mailbox.Mailbox, inspect.iscoroutinefunction)]


@cache
def _parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def _classes_and_functions(tree: ast.Module) -> Iterator[ast.AST]:
    for node in tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def _calls(tree: ast.AST) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def _awaited(tree: ast.AST) -> Iterator[ast.Call]:
    """Calls after `await`, `async for` and `async with`."""
    for node in ast.walk(tree):
        found: list[ast.expr] = []
        if isinstance(node, ast.Await):
            found = [node.value]
        elif isinstance(node, ast.AsyncFor):
            found = [node.iter]
        elif isinstance(node, ast.AsyncWith):
            found = [item.context_expr for item in node.items]
        yield from (expression for expression in found if isinstance(expression, ast.Call))


def _mailbox_types(scope: ast.AST) -> dict[str, str]:
    """Names of mailboxes and the union that each carries: parameters, and attributes that were given one."""
    types = {attribute: _carried(hint) for attribute, hint in _program_mailboxes().items()}
    for node in ast.walk(scope):
        if isinstance(node, ast.arg) and node.annotation is not None:
            types[node.arg] = _carried(ast.unparse(node.annotation))
    for node in ast.walk(scope):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Attribute):
            types[node.targets[0].attr] = types.get(_last_name(node.value), "")
    return {name: mail for name, mail in types.items() if mail}


@cache
def _program_mailboxes() -> dict[str, str]:
    """The attributes of `assembly.wiring.Mailboxes`."""
    source = inspect.getsource(Mailboxes)
    assignments = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.AnnAssign))
    return {_last_name(node.target): ast.unparse(node.annotation) for node in assignments}


def _carried(hint: str) -> str:
    return hint.removeprefix("Mailbox[").removesuffix("]") if hint.startswith("Mailbox[") else ""


def _last_name(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""
