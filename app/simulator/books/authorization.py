"""Who may log in to which account, and as what."""

from __future__ import annotations

from .accounts import INITIAL_CENTS, STANDARD, password_hash
from .ledger import Ledger
from .records import Account


def log_in(ledger: Ledger, login: int, password: str, server: str, now_msc: int) -> Ledger | None:
    """Return the books as this account sees them, or None where login, password or server are wrong.

    Login 0 is the account that was used last. An empty password is the one that the terminal has kept, an empty server
    the account's own. Who gives the investor's password may look and not trade, as may whoever relies on it later.
    """
    number = login or ledger.default_login()
    account = next(iter(ledger.accounts(number)), STANDARD.get(number))
    if account is None or server not in ("", account.server):
        return None
    kept = ledger.kept_investor(number)
    investor = _matches(account, password, account.investor_hash) if password else kept
    if not investor and not _is_master(account, password):
        return None
    if not ledger.accounts(number) or (ledger.default_login(), kept) != (number, investor):
        with ledger.writing():
            _use(ledger, account, now_msc, investor=investor)
    return ledger.of(number, investor=investor)


def _is_master(account: Account, password: str) -> bool:
    return not password or not account.password_hash or _matches(account, password, account.password_hash)


def _matches(account: Account, password: str, kept: str) -> bool:
    return password_hash(account.login, password) == kept


def _use(ledger: Ledger, account: Account, now_msc: int, *, investor: bool) -> None:
    """Open the account if it is not open yet; from now on terminals start with it, and with this password."""
    if not ledger.accounts(account.login):
        ledger.open_account(account, INITIAL_CENTS, now_msc)
    ledger.set_default_login(account.login, investor=investor)
