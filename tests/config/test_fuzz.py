"""Whatever the text and the environment are: a Config or a ConfigError, never another exception."""

from hypothesis import example, given, settings
from hypothesis import strategies as st

from config import Config, ConfigError, parse, validate
from tests.config.texts import KNOWN, VALID

EVERYTHING = (
    VALID.replace(
        'adapter = "kraken"',
        'adapter = "kraken"\napi_public_key = "p"\napi_secret_key = "s"\nrest_url = "https://a.test/b"',
    ).replace("[exchange.paper]", '[exchange.paper]\nprices = "kraken"\npairs = { "BTC/USD" = { tick_size = 0.1 } }')
    + '[notifier.log]\nenabled = true\n[notifier.telegram]\ntoken = "t"\nto = ["x"]\n[supervisor]\nrestart_limit = 1\n'
)
LINES = EVERYTHING.splitlines()
VALUES = (
    "nan -inf 1e999999999 1e99999999999999999999 -1e-999999999 0 -0.0 0x"
    + "f" * 200
    + ' true "" "x" "\\u0000" [] {} [[1]]'
    " [{}] {a=1} 1979-05-27 07:32:00 1979-05-27T07:32:00Z 0.05 1 2147483648 9223372036854775808"
).split()
VARIABLES = st.sampled_from(
    [
        "INFINITY_GRID_API_PUBLIC_KEY",
        "INFINITY_GRID_API_SECRET_KEY_FILE",
        "INFINITY_GRID_TELEGRAM_TOKEN",
        "INFINITY_GRID_",
    ]
)
ENVIRONMENTS = st.dictionaries(VARIABLES | st.text(max_size=5), st.text(max_size=20), max_size=3)


def read(text: str, environ: dict[str, str]) -> Config | ConfigError:
    try:
        return parse(text, "fuzz.toml", environ, KNOWN)
    except ConfigError as error:
        return error


def survives(text: str, environ: dict[str, str]) -> None:
    match read(text, environ):
        case ConfigError() as error:
            told = str(error).split("\n")
            assert len(told) == len(error.problems) > 0
            assert all(line.isprintable() for line in told)
        case Config() as config:
            assert validate(config, KNOWN) == config
            assert repr(config)


def test_the_starting_point_is_valid() -> None:
    parse(EVERYTHING, "fuzz.toml", {}, KNOWN)


@settings(deadline=None)
@given(st.text(), ENVIRONMENTS)
def test_any_text_is_survived(text: str, environ: dict[str, str]) -> None:
    survives(text, environ)


@settings(deadline=None)
@given(st.data())
def test_any_mutation_of_a_valid_file_is_survived(data: st.DataObject) -> None:
    lines = list(LINES)
    for _ in range(data.draw(st.integers(1, 4))):
        index = data.draw(st.integers(0, len(lines) - 1))
        match data.draw(st.sampled_from(["drop", "repeat", "value", "key", "cut", "swap"])):
            case "drop":
                lines[index] = ""
            case "repeat":
                lines.append(lines[index])
            case "value":
                lines[index] = f"{lines[index].partition('=')[0]}= {data.draw(st.sampled_from(VALUES))}"
            case "key":
                lines[index] = f"{data.draw(st.sampled_from(LINES)).partition('=')[0]}={lines[index].partition('=')[2]}"
            case "cut":
                lines[index] = lines[index][: data.draw(st.integers(0, len(lines[index])))]
            case _:
                lines[index], lines[0] = lines[0], lines[index]
    survives("\n".join(lines), data.draw(ENVIRONMENTS))


@settings(deadline=None)
@given(st.sampled_from([line for line in LINES if "=" in line]), st.integers() | st.floats() | st.booleans())
@example("interval = 0.02", 10**4000)
def test_any_number_at_any_key_is_survived(line: str, value: float) -> None:
    written = (
        str(value).lower() if not isinstance(value, int) or isinstance(value, bool) else hex(value).replace("-0x", "-")
    )
    survives(EVERYTHING.replace(line, f"{line.partition('=')[0]}= {written}", 1), {})


@settings(deadline=None)
@given(st.text(st.characters(codec="utf-8"), max_size=30))
def test_any_text_at_a_texts_place_is_survived(value: str) -> None:
    escaped = "".join(f"\\U{ord(character):08x}" for character in value)
    for line in LINES:
        if line.endswith('"') and "=" in line:
            survives(EVERYTHING.replace(line, f'{line.partition("=")[0]}= "{escaped}"', 1), {})
