"""The base of events: they are made with keyword arguments, since two ids or two amounts are easily exchanged."""

from typing import TYPE_CHECKING

from msgspec import Struct, StructMeta

if TYPE_CHECKING:
    Event = Struct
else:

    class _ByPosition(StructMeta):
        """Plug-ins written for earlier versions name no arguments; no type checker lets that pass any more."""

        def __call__(self, *args: object, **named: object) -> object:
            if args:
                named = named | self._by_name(args, named)
            return super().__call__(**named)

        def _by_name(self, args: tuple[object, ...], named: dict[str, object]) -> dict[str, object]:
            fields = self.__struct_fields__
            if len(args) > len(fields):
                raise TypeError(f"{self.__name__} has {len(fields)} fields, {len(args)} arguments were given")
            if twice := named.keys() & set(fields[: len(args)]):
                raise TypeError(f"{self.__name__}: {min(twice)} was given by position and by name")
            return dict(zip(fields, args, strict=False))

    class Event(Struct, metaclass=_ByPosition):
        """A struct whose fields are given by name."""
