"""Which proxy leads to a URL: all spellings of the variables, as curl and others read them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.network.proxies import proxy_for, way
from config import ConfigError

PROXY = {"HTTPS_PROXY": "http://proxy.example:3128"}
REST, SOCKET = "https://api.kraken.com/0/public/Time", "wss://ws-auth.kraken.com/v2"


@pytest.mark.parametrize("url", [REST, SOCKET, "HTTPS://api.kraken.com", "WSS://ws.kraken.com/v2"])
@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
def test_rest_and_sockets_take_the_same_proxy(url: str, variable: str) -> None:
    proxy = proxy_for(url, {variable: "http://proxy.example:3128"})
    assert proxy is not None
    assert (proxy.host, proxy.port, proxy.variable) == ("proxy.example", 3128, variable)


@pytest.mark.parametrize("url", [REST, SOCKET])
@pytest.mark.parametrize("environ", [{}, {"HTTP_PROXY": "http://a:1"}, {"HTTPS_PROXY": ""}, {"HTTPS_PROXY": "  "}])
def test_without_a_variable_for_it_everything_is_direct(url: str, environ: dict[str, str]) -> None:
    assert proxy_for(url, environ) is None


def test_plain_http_has_a_variable_of_its_own() -> None:
    environ = {"HTTP_PROXY": "http://plain:1", "HTTPS_PROXY": "http://secure:2"}
    hosts = [proxy.host for url in ("http://a.example", REST) if (proxy := proxy_for(url, environ))]
    assert hosts == ["plain", "secure"]


def test_lower_case_wins_even_where_it_is_empty() -> None:
    both = {"https_proxy": "http://lower:1", "HTTPS_PROXY": "http://upper:2", "all_proxy": "http://all:3"}
    found = proxy_for(REST, both)
    assert found is not None
    assert found.host == "lower"
    assert proxy_for(REST, {"https_proxy": "", "HTTPS_PROXY": "http://upper:2"}) is None
    assert proxy_for(REST, PROXY | {"no_proxy": "", "NO_PROXY": "*"}) is not None


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST", "a.localhost", "127.0.0.1", "127.9.9.9", "[::1]", "[::ffff:127.0.0.1]", "[::]"],
)
def test_this_machine_is_never_behind_a_proxy(host: str) -> None:
    for scheme in ("http", "https", "ws", "wss"):
        assert proxy_for(f"{scheme}://{host}:8080/x", {"ALL_PROXY": "http://p:1"}) is None


EXCEPTED = [
    "*",
    "kraken.com",
    ".kraken.com",
    "*.kraken.com",
    "KRAKEN.com",
    "api.kraken.com",
    "api.kraken.com:443",
    ".kraken.com:443",
    "other.example,kraken.com",
    "other.example, kraken.com",
    "other.example kraken.com",
    " kraken.com , ",
    "kraken.com.",
    "*.other.example,*",
]


@pytest.mark.parametrize("no_proxy", EXCEPTED)
@pytest.mark.parametrize("variable", ["NO_PROXY", "no_proxy"])
def test_what_is_excepted_by_name(no_proxy: str, variable: str) -> None:
    assert proxy_for("https://api.kraken.com/0", PROXY | {variable: no_proxy}) is None
    assert proxy_for("wss://api.kraken.com/v2", PROXY | {variable: no_proxy}) is None


@pytest.mark.parametrize(
    "no_proxy",
    [
        "",
        ",",
        "kraken",
        "aken.com",
        "api.kraken.com:8443",
        "kraken.com:80",
        "com.example",
        "ws.kraken.com",
        "10.0.0.0/8",
    ],
)
def test_what_is_not_excepted(no_proxy: str) -> None:
    assert proxy_for("https://api.kraken.com/0", PROXY | {"NO_PROXY": no_proxy}) is not None


@pytest.mark.parametrize(
    ("host", "no_proxy", "direct"),
    [
        ("10.1.2.3", "10.1.2.3", True),
        ("10.1.2.3", "10.1.2.3:443", True),
        ("10.1.2.3", "10.1.2.3:80", False),
        ("10.1.2.3", "10.0.0.0/8", True),
        ("10.1.2.3", "10.1.2.77/24", True),
        ("10.1.2.3", "10.2.0.0/16", False),
        ("10.1.2.3", "2.3", False),
        ("[2001:db8::5]", "2001:db8::/32", True),
        ("[2001:db8::5]", "[2001:db8::]/32", True),
        ("[2001:db8::5]", "2001:DB8:0::5", True),
        ("[2001:db8::5]", "[2001:db8::5]:443", True),
        ("[2001:db8::5]", "[2001:db8::5]:80", False),
        ("[2001:db8::5]", "2001:db9::/32", False),
        ("[::ffff:10.1.2.3]", "10.0.0.0/8", True),
        ("10.1.2.3", "no/network", False),
        ("ten.example", "10.0.0.0/8", False),
    ],
)
def test_addresses_and_networks(host: str, no_proxy: str, direct: bool) -> None:
    assert (proxy_for(f"https://{host}/", PROXY | {"NO_PROXY": no_proxy}) is None) == direct


@given(st.text(max_size=40), st.text(max_size=40))
def test_no_text_breaks_it(proxy: str, no_proxy: str) -> None:
    try:
        proxy_for(REST, {"HTTPS_PROXY": proxy, "NO_PROXY": no_proxy})
    except ConfigError as error:
        keys = [problem.key for problem in error.problems]
    else:
        keys = ["HTTPS_PROXY"]
    assert keys == ["HTTPS_PROXY"]


@pytest.mark.parametrize(
    ("value", "host", "port", "secure"),
    [
        ("proxy:8080", "proxy", 8080, False),
        ("http://proxy", "proxy", 80, False),
        ("https://proxy", "proxy", 443, True),
        ("HTTP://Proxy:1/", "proxy", 1, False),
        ("http://[2001:db8::1]:3128", "2001:db8::1", 3128, False),
        ("http://me:pa%40ss@proxy:3128", "proxy", 3128, False),
        ("me:word@proxy:3128", "proxy", 3128, False),
    ],
)
def test_spellings_of_the_proxy_itself(value: str, host: str, port: int, secure: bool) -> None:
    proxy = proxy_for(REST, {"HTTPS_PROXY": value})
    assert proxy is not None
    assert (proxy.host, proxy.port, proxy.secure) == (host, port, secure)


def test_user_and_password_are_sent_and_never_shown() -> None:
    proxy = proxy_for(REST, {"HTTPS_PROXY": "http://me:pa%40ss@proxy:3128"})
    assert proxy is not None
    assert proxy.authorization == b"Basic bWU6cGFAc3M="
    assert "pa" not in f"{proxy.name} {proxy.url}"
    assert "pa@ss" not in repr(proxy)
    alone = proxy_for(REST, {"HTTPS_PROXY": "http://me@proxy:3128"})
    assert alone is not None
    assert alone.authorization == b"Basic bWU6"


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("socks5h://me:planted@proxy:1080", "a proxy of the kind socks5h"),
        ("http://me:planted@proxy:port", "no URL of a proxy"),
        ("http://me:planted@", "no URL of a proxy"),
        ("http://planted proxy:1", "no URL of a proxy"),
        ("http://proxy:0", "no URL of a proxy"),
        ("http://[planted", "no URL of a proxy"),
    ],
)
def test_what_is_no_http_proxy_is_named_without_its_password(value: str, found: str) -> None:
    with pytest.raises(ConfigError) as caught:
        proxy_for(REST, {"https_proxy": value})
    (problem,) = caught.value.problems
    assert (problem.source, problem.key, problem.found) == ("environment", "https_proxy", found)
    assert "planted" not in str(caught.value)
    assert proxy_for(REST, {"https_proxy": value, "no_proxy": "*"}) is None


def test_different_ways_are_said() -> None:
    urls = {"REST": REST, "market data": "wss://ws.kraken.com/v2", "orders": SOCKET}
    assert way(urls, {}) == ""
    assert way(urls, PROXY) == "REST, market data and orders: through the proxy proxy.example:3128 (HTTPS_PROXY)"
    assert way(urls, PROXY | {"NO_PROXY": "api.kraken.com"}) == (
        "REST: directly; market data and orders: through the proxy proxy.example:3128 (HTTPS_PROXY)"
    )
