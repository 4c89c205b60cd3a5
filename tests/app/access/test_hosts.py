"""Which hosts a request may name."""

from __future__ import annotations

import pytest

from app.access.hosts import Hosts


@pytest.mark.parametrize(
    ("listened", "host"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("127.0.0.1", "127.0.0.1:5001"),
        ("127.0.0.1", "127.8.8.8:1"),
        ("127.0.0.1", "localhost:8080"),
        ("127.0.0.1", "LocalHost"),
        ("127.0.0.1", "localhost."),
        ("127.0.0.1", "bot.localhost:5001"),
        ("127.0.0.1", "[::1]:5001"),
        ("::1", "[0:0:0:0:0:0:0:1]"),
        ("192.0.2.7", "192.0.2.7:5001"),
        ("192.0.2.7", "localhost"),
        ("vps.example", "VPS.example:5001"),
        ("0.0.0.0", "192.0.2.7:5001"),
        ("::", "[2001:db8::7]:5001"),
    ],
)
def test_our_own_names_are_taken(listened: str, host: str) -> None:
    """The address listened on, this machine's own names, and any number where all addresses are listened on."""
    hosts = Hosts(listened)
    assert hosts.takes(host)
    assert hosts.takes(host)


@pytest.mark.parametrize(
    ("listened", "host"),
    [
        ("127.0.0.1", ""),
        ("127.0.0.1", "evil.example"),
        ("127.0.0.1", "evil.example:5001"),
        ("127.0.0.1", "127.0.0.1.evil.example"),
        ("127.0.0.1", "localhost.evil.example"),
        ("127.0.0.1", "notlocalhost"),
        ("127.0.0.1", "192.0.2.7"),
        ("127.0.0.1", "127.0.0.1/metrics"),
        ("127.0.0.1", "x/docs"),
        ("127.0.0.1", "/api/health"),
        ("127.0.0.1", "user@127.0.0.1"),
        ("127.0.0.1", "127.0.0.1:port"),
        ("127.0.0.1", "127.0.0.1:5001:5001"),
        ("127.0.0.1", "127.0.0.1, evil.example"),
        ("127.0.0.1", "127.0.0.1 "),
        ("127.0.0.1", "127.0.0.1\n"),
        ("127.0.0.1", "[::1"),
        ("127.0.0.1", "٠.0.0.1"),
        ("127.0.0.1", "a" * 10_000),
        ("0.0.0.0", "evil.example"),
        ("192.0.2.7", "192.0.2.8"),
    ],
)
def test_all_others_are_refused(listened: str, host: str) -> None:
    """A name that anybody can point here, and whatever is no name at all."""
    assert not Hosts(listened).takes(host)


def test_further_names_are_a_setting() -> None:
    """A named host is taken in any case, its neighbours are not; `*` takes all."""
    hosts = Hosts("127.0.0.1", ["API", "trade.example"])
    assert hosts.takes("api:5001")
    assert hosts.takes("Trade.Example")
    assert not hosts.takes("more.trade.example")
    assert Hosts("127.0.0.1", ["*"]).takes("anything at all")


def test_many_names_are_not_remembered() -> None:
    """Names by the thousand are judged each anew."""
    hosts = Hosts("127.0.0.1")
    assert all(hosts.takes(f"n{number}.localhost") for number in range(1_000))
    assert not hosts.takes("evil.example")
