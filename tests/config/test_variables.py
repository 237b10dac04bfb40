"""Variables that nobody reads are told, and none is proposed that means something else."""

import pytest

from config.problems import ConfigError
from config.secrets import PLACES
from config.variables import stray_variables, unknown_variables


def hint(name: str) -> str:
    (problem,) = unknown_variables({name: "canary"}, PLACES)
    assert "canary" not in str(ConfigError([problem]))
    return problem.hint


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("INFINITY_GRID_API_PUBLC_KEY", "INFINITY_GRID_API_PUBLIC_KEY"),
        ("INFINITY_GRID_API_SECRET", "INFINITY_GRID_API_SECRET_KEY"),
        ("INFINITY_GRID_API_SECRT_KEY", "INFINITY_GRID_API_SECRET_KEY"),
        ("INFINITY_GRID_SECRET_KEY_FILE", "INFINITY_GRID_API_SECRET_KEY_FILE"),
        ("infinity_grid_api_public_key", "INFINITY_GRID_API_PUBLIC_KEY"),
        ("INFINITY_GRID_TELEGRAM_TOKN", "INFINITY_GRID_TELEGRAM_TOKEN"),
    ],
)
def test_a_slip_of_the_pen_is_answered_with_the_name(name: str, meant: str) -> None:
    assert hint(name) == f'Did you mean "{meant}"?'


@pytest.mark.parametrize(
    "name",
    [
        "INFINITY_GRID_API_KEY",
        "INFINITY_GRID_KEY",
        "INFINITY_GRID_API_PRIVATE_KEY",
        "INFINITY_GRID_APIKEY",
        "INFINITY_GRID_TOKEN",
        "INFINITY_GRID_API_TOKEN",
        "INFINITY_GRID_URL",
    ],
)
def test_no_secret_is_proposed_for_what_names_none(name: str) -> None:
    assert "Did you mean" not in hint(name)


@pytest.mark.parametrize("public", ["PUBLIC", "PUBLC", "PUB", "PUBLICKEY", "PUBKEY"])
def test_a_public_name_never_leads_to_the_secret(public: str) -> None:
    assert "SECRET" not in hint(f"INFINITY_GRID_API_{public}X_KEY")


def test_a_setting_of_the_file_is_told_with_its_table() -> None:
    assert hint("INFINITY_GRID_DRY_RUN") == "dry_run stands in the file, in [bot]"
    assert hint("INFINITY_GRID_COLOUR") == "All other settings stand in the file"


@pytest.mark.parametrize(
    "name",
    [
        "INFINITYGRID_API_PUBLIC_KEY",
        "INFINITY-GRID_API_PUBLIC_KEY",
        "INFINTY_GRID_API_PUBLIC_KEY",
        "INFINITY_GRIDS_API_PUBLIC_KEY",
        "infinitygrid_api_public_key",
    ],
)
def test_a_misspelt_prefix_is_a_warning(name: str) -> None:
    (warning,) = stray_variables({name: "canary"}, PLACES)
    assert "INFINITY_GRID_API_PUBLIC_KEY" in warning.meaning
    assert "canary" not in str(warning)


@pytest.mark.parametrize("name", ["API_PUBLIC_KEY", "KRAKEN_API_PUBLIC_KEY", "PATH", "GRID_WEBHOOK_URL"])
def test_other_peoples_variables_are_none_of_ours(name: str) -> None:
    assert list(stray_variables({name: "x"}, PLACES)) == []
