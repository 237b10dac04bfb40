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
                named = dict(zip(self.__struct_fields__, args, strict=False)) | named
            return super().__call__(**named)

    class Event(Struct, metaclass=_ByPosition):
        """A struct whose fields are given by name."""
