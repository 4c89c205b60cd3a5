"""The accounts of the simulated broker: their terms and passwords, which are no secrets."""

from __future__ import annotations

from hashlib import sha256

from ..vocabulary import constants as mt5
from .records import Account

PASSWORD = "simulator"  # noqa: S105  # printed in the documentation
INVESTOR_PASSWORD = "investor"  # noqa: S105  # of an account that may only look
INITIAL_CENTS = 100_000_00


def password_hash(login: int, password: str) -> str:
    """What the books keep of a password."""
    return sha256(f"{login}:{password}".encode("utf-8", "surrogatepass")).hexdigest()


def with_passwords(account: Account, password: str = PASSWORD, investor: str = INVESTOR_PASSWORD) -> Account:
    """The account with what is kept of its two passwords."""
    return account._replace(
        password_hash=password_hash(account.login, password), investor_hash=password_hash(account.login, investor)
    )


DEFAULT = with_passwords(Account())
# One of each kind. All but the default are opened, with their first deposit, when somebody logs in for the first time.
STANDARD = {
    account.login: account
    for account in (
        DEFAULT,
        with_passwords(
            Account(login=5_100_002, name="Netting Trader", margin_mode=mt5.ACCOUNT_MARGIN_MODE_RETAIL_NETTING)
        ),
        with_passwords(Account(login=5_100_003, name="Exchange Trader", margin_mode=mt5.ACCOUNT_MARGIN_MODE_EXCHANGE)),
        # It says that it is real; its money is as simulated as that of the others.
        with_passwords(Account(login=5_100_004, name="Real Trader", trade_mode=mt5.ACCOUNT_TRADE_MODE_REAL)),
    )
}
