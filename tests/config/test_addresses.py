"""Keys and notices do not travel as plain text."""

import pytest

from config.addresses import exposed_as_plain_text, is_loopback, leads_here, secure_address
from tests.config.texts import VALID, changed, lines, read

EXPOSED = ["http://example.org", "ws://10.0.0.1:80/x", "http://[2001:db8::1]/", "http://localhost.example.org"]
SAFE = ["https://example.org", "wss://example.org", "http://127.0.0.1:8100", "http://localhost", "ws://[::1]:1", ""]
SAFE += ["http://a.localhost", "http://0.0.0.0:1", "http://[::]:1", "http://[::ffff:127.0.0.1]", "http://LOCALHOST."]


@pytest.mark.parametrize(("url", "exposed"), [*((url, True) for url in EXPOSED), *((url, False) for url in SAFE)])
def test_plain_text_beyond_this_machine(url: str, exposed: bool) -> None:
    assert exposed_as_plain_text(url) == exposed


@pytest.mark.parametrize("host", ["localhost", "a.localhost", "127.9.9.9", "::1", "[::1]", "::ffff:127.0.0.1"])
def test_this_machine_alone(host: str) -> None:
    assert is_loopback(host)
    assert leads_here(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "[::]"])  # noqa: S104 - nothing is bound
def test_to_listen_at_every_address_is_more_than_to_call_it(host: str) -> None:
    assert not is_loopback(host)
    assert leads_here(host)


def test_a_secure_address_is_of_the_same_kind() -> None:
    assert secure_address("ws://a").startswith("wss://")
    assert secure_address("http://a").startswith("https://")


def test_it_is_refused_for_a_real_exchange() -> None:
    (line,) = lines(changed('adapter = "kraken"', 'adapter = "kraken"\nrest_url = "http://example.org"'))
    assert line.startswith('exchange.rest_url: found "http://example.org"; allowed: https://')


@pytest.mark.parametrize("host", ["http://127.0.0.1", "127.0.0.1:8080", "a b", "host/path"])
def test_the_host_of_the_endpoint_is_a_host_alone(host: str) -> None:
    (line,) = lines(VALID + f'[metrics]\nhost = "{host}"\n')
    assert line.startswith("metrics.host: found ")
    assert "the port has its own key" in line


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "::", "::1", "fe80::1%eth0", "localhost", "my-host.lan"])  # noqa: S104
def test_any_interface_may_be_named(host: str) -> None:
    assert read(VALID + f'[metrics]\nhost = "{host}"\n').metrics.host == host
