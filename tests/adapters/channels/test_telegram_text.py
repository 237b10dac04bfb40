import html
import re

from hypothesis import given, settings
from hypothesis import strategies as st

from actors.notifier.notice_texts import words
from adapters.channels.telegram_text import CUT, LARGEST_TEXT, fitting, telegram_html
from tests.actors.notifier.test_notice_texts import STATUS

WIDE = "🏷️ <b>&amp; » "


def parsed(marked: str) -> str:
    """What Telegram shows: without tags, entities resolved."""
    return html.unescape(re.sub(r"</?pre>", "", marked))


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def test_the_hourly_status_in_telegrams_html() -> None:
    assert telegram_html(*words(STATUS)).endswith(
        "💠 Orders\n├ Amount per Grid » 50.0 EUR\n└ Open orders » 16\n\n🏷️ Price in EUR\n"
        "<pre>│  ┌[ 175.36 (+9.68%)\n│  ├[ 169.32 (+5.90%)\n│  ├[ 166.00 (+3.82%)\n└──┼&gt; 159.89\n"
        "   ├[ 156.42 (-2.17%)\n   └[ 153.35 (-4.09%)</pre>"
    )


def test_names_and_reasons_cannot_become_markup() -> None:
    assert telegram_html("<b>a</b> & 'c' \"d\"") == "&lt;b&gt;a&lt;/b&gt; &amp; 'c' \"d\""


def test_exactly_as_much_as_telegram_takes_is_not_cut() -> None:
    text = "&" * LARGEST_TEXT
    assert telegram_html(text) == "&amp;" * LARGEST_TEXT
    assert parsed(telegram_html(text + "&")).endswith(CUT)


def test_a_sign_of_two_units_counts_as_two_and_is_not_torn() -> None:
    text = "🏷" * 3_000
    assert fitting(text, 6_000) == text
    cut = fitting(text, 5_999)
    assert units(cut) <= 5_999
    assert set(cut.removesuffix(CUT)) == {"🏷"}


def test_it_is_cut_at_the_end_of_a_line() -> None:
    lines = [f"line {number}" for number in range(1_000)]
    *kept, remark = fitting("\n".join(lines), LARGEST_TEXT).split("\n")
    assert kept == lines[: len(kept)]
    assert remark == CUT.strip()


@settings(deadline=None)
@given(st.text(max_size=50), st.integers(0, 400), st.text(max_size=20), st.integers(0, 400))
def test_whatever_it_is_telegram_takes_it(text: str, times: int, drawing: str, rows: int) -> None:
    marked = telegram_html(text * times, drawing * rows)
    assert units(parsed(marked).encode("utf-8", "replace").decode()) <= LARGEST_TEXT
    assert marked.count("<pre>") == marked.count("</pre>") <= 1
    assert "<" not in re.sub(r"</?pre>", "", marked)
