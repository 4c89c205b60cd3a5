"""Records as rows of the books: the statements of their tables, and the ways from a record to its row and back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple, TypeVar

from .records import Account, Deal, Order, Position

_Record = TypeVar("_Record", Order, Deal, Position)


class Table(NamedTuple):
    """The statements of one table; columns are a record's fields."""

    insert: str
    select: str
    update: str


def _table(name: str, record: type[NamedTuple], *, key: str = "ticket", numbered: bool = False) -> Table:
    fields = record._fields
    columns = ", ".join(f'"{field}"' for field in fields)
    entered = [field for field in fields if not (numbered and field == key)]
    into, values = ", ".join(f'"{field}"' for field in entered), ", ".join(f":{field}" for field in entered)
    pairs = ", ".join(f'"{field}" = :{field}' for field in fields)
    return Table(
        f"INSERT INTO {name} ({into}) VALUES ({values})",  # noqa: S608  # all of it is ours, below too
        f"SELECT {columns} FROM {name}",  # noqa: S608
        f'UPDATE {name} SET {pairs} WHERE "{key}" = :key',  # noqa: S608
    )


ACCOUNTS = _table("accounts", Account, key="login")
ORDERS = _table("orders", Order, numbered=True)
DEALS = _table("deals", Deal, numbered=True)
POSITIONS = _table("positions", Position)

_FIRST_FLAG, _LAST_FLAG = (Account._fields.index(name) for name in ("trade_allowed", "hedge_prohibited"))


def to_account(row: tuple[Any, ...]) -> Account:
    """The account of a row; SQLite keeps what is true as 1."""
    flags = map(bool, row[_FIRST_FLAG : _LAST_FLAG + 1])  # they stand side by side
    return Account(*row[:_FIRST_FLAG], *flags, *row[_LAST_FLAG + 1 :])


def to_records(kind: type[_Record], rows: Iterable[tuple[Any, ...]]) -> list[_Record]:
    """The records of rows, in their order."""
    return [_unsigned(kind._make(row)) for row in rows]


def to_row(record: Order | Deal | Position, login: int) -> dict[str, Any]:
    """A record's values by column; of this account, where it does not say whose it is."""
    return record._asdict() | {"magic": _signed(record.magic), "login": record.login or login}


def to_key(number: int | None) -> int | None:
    """A ticket or log-in to look for; none was ever given out that is wider than SQLite's integers."""
    return number if number is None or number < 2**63 else -1


# Magic numbers use all 64 bits unsigned; SQLite's integers are signed.
def _signed(magic: int) -> int:
    return magic if magic < 2**63 else magic - 2**64


def _unsigned(record: _Record) -> _Record:
    return record if record.magic >= 0 else record._replace(magic=record.magic + 2**64)
