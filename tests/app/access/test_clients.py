"""Who is told apart from whom."""

from __future__ import annotations

import pytest

from app.access.clients import network_of


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("", "unknown"),
        ("somebody", "unknown"),
    ],
)
def test_a_customer_is_one_client(address: str, network: str) -> None:
    """An address of its own with IPv4, 2^64 of them with IPv6."""
    assert network_of(address) == network
