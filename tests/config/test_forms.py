from decimal import Decimal
from typing import Annotated, Literal

import pytest
from msgspec import Meta, Struct

from config import ChannelConfig, ConfigError, Secret, read_options
from config.forms import Form, secret_text

SIZE = Meta(description="a size", extra={"hint": "smaller"})


class Box(Struct):
    pass


@pytest.mark.parametrize(
    ("kind", "bare", "allowed"),
    [
        (int, int, "a whole number"),
        (bool | None, bool, "true or false"),
        (Annotated[Decimal, SIZE], Decimal, "a size"),
        (Annotated[Decimal, SIZE] | None, Decimal, "a size"),
        (Annotated[Decimal | None, SIZE], Decimal, "a size"),
        (Annotated[Annotated[Decimal, SIZE] | None, "a remark"], Decimal, "a size"),
        (Literal["a", "b"] | None, Literal["a", "b"], '"a" or "b"'),
        (Box, Box, "a table"),
    ],
)
def test_a_type_is_taken_apart(kind: object, bare: object, allowed: str) -> None:
    form = Form.of(kind)
    assert form.kind == bare
    assert form.allowed == allowed


def test_notes_and_remarks_are_found_in_any_order() -> None:
    for kind in (Annotated[int, SIZE, "a remark"], Annotated[int, "a remark", SIZE]):
        assert Form.of(kind).note("hint") == "smaller"
        assert Form.of(kind).remarks == ("a remark",)
    assert Form.of(int).note("hint") is None


class Options(Struct, frozen=True):
    number: Annotated[Secret, secret_text("two digits", "[0-9]{2}|x")]


@pytest.mark.parametrize(("text", "fits"), [("12", True), ("x", True), ("123", False), ("12x", False), ("12\n", False)])
def test_a_secret_text_is_matched_as_a_whole_and_never_shown(text: str, fits: bool) -> None:
    channel = ChannelConfig("pager", "pager", options={"number": Secret(text)})
    if fits:
        assert read_options(Options, channel).number == Secret(text)
        return
    with pytest.raises(ConfigError, match="found a text; allowed: two digits") as caught:
        read_options(Options, channel)
    assert text.strip() not in str(caught.value)
