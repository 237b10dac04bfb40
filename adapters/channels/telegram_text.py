"""Plain words for Telegram: not longer than it takes, escaped, the ladder in letters of one width."""

import html

LARGEST_TEXT = 4096
"""Telegram counts characters after its entities are parsed: markup and escapes do not count."""
CUT = "\n✂ cut here, it was longer"


def telegram_html(text: str, drawing: str = "") -> str:
    """Both in Telegram's HTML mode. What is too long loses its end, at a line if there is one near."""
    room = LARGEST_TEXT - (_length(drawing) + 1 if drawing else 0)
    if room < LARGEST_TEXT // 2:
        drawing, room = fitting(drawing, LARGEST_TEXT // 2), LARGEST_TEXT // 2 - 1
    marked = html.escape(fitting(text, room), quote=False)
    return f"{marked}\n<pre>{html.escape(drawing, quote=False)}</pre>" if drawing else marked


def fitting(text: str, room: int) -> str:
    """The text, or as much of its beginning as `room` characters hold together with a remark."""
    if _length(text) <= room:
        return text
    encoded = text.encode("utf-16-le", "replace")[: 2 * (room - _length(CUT))]
    cut = encoded.decode("utf-16-le", "ignore")
    at_line = cut.rfind("\n")
    return (cut[:at_line] if at_line > len(cut) // 2 else cut) + CUT


def _length(text: str) -> int:
    """In UTF-16 units, as Telegram counts entities: never less than its count of characters, whichever that is."""
    return len(text.encode("utf-16-le", "replace")) // 2
