from adapters.channels.telling import HIDDEN, LONGEST_REASON, clean, without_secrets
from config import Secret

TOKEN = "123456:planted-token/with+signs"
HOOK = "https://hooks.example.org/services/T000/planted-in-the-path?key=planted-in-the-query"


def test_a_secret_is_hidden_as_it_is_and_as_it_stands_in_a_url() -> None:
    told = without_secrets(f"{TOKEN} 123456%3Aplanted-token%2Fwith%2Bsigns", [TOKEN])
    assert told == f"{HIDDEN} {HIDDEN}"


def test_the_parts_of_a_secret_url_are_secret_but_not_its_host() -> None:
    told = without_secrets(
        f"{HOOK} /services/T000/planted-in-the-path planted-in-the-path key=planted-in-the-query hooks.example.org",
        [HOOK],
    )
    assert "planted" not in told
    assert "hooks.example.org" in told


def test_the_credentials_of_a_header_are_secret_without_its_scheme() -> None:
    assert without_secrets("Bearer planted-token, planted-token", ["Bearer planted-token"]) == f"{HIDDEN}, {HIDDEN}"


def test_short_texts_are_words_and_no_secrets() -> None:
    assert without_secrets("chat 5 of 2025", ["5", "chat"]) == "chat 5 of 2025"


def test_foreign_words_are_short_printable_and_on_one_line() -> None:
    assert clean("a\n\x00b\r\n\x1b[31m c", []) == "a b [31m c"
    told = clean("x" * 1_000, [])
    assert (len(told), told[-1]) == (LONGEST_REASON, "…")


def test_a_secret_is_hidden_before_the_text_is_cut() -> None:
    text = "x" * (LONGEST_REASON - 10) + TOKEN
    assert "planted" not in clean(text, [Secret(TOKEN)])
    assert "123456" not in clean(text, [Secret(TOKEN)])
