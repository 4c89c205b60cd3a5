"""`mt5-otel simulator`: the simulated broker's books, and what is to go wrong."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import typer
from rich.console import Console
from rich.table import Table

from app.cli.options import Config
from app.errors import StartupError
from app.settings import Settings
from app.simulator.books.faults import FaultBook
from app.simulator.books.ledger import LEDGER
from app.simulator.books.statement import TABLES, statement
from app.simulator.due.operations import KINDS, OperationBook, OperationRefused
from app.simulator.vocabulary.faults import FAULTS, FaultRefused

simulator_app = typer.Typer(
    name="simulator",
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="The simulated broker: its books as they are, what is to go wrong, and money. Works beside a running API.",
)
DataDir = Annotated[
    Path | None,
    typer.Option(
        "--data-dir", help="Data folder whose simulator it is, of `run` or `simulate`.", show_default="./data"
    ),
]
Format = Literal["table", "json", "csv"]
TableName = Literal["accounts", "orders", "deals", "positions", "faults"]
LIST, END = "list", "end"
# What a person looks for first; --format json and csv have all columns.
_COLUMNS: Final[Mapping[str, str]] = {
    "accounts": "login margin_mode trade_mode currency leverage balance balance_by_deals credit",
    "orders": "ticket login time_setup type state symbol volume_initial price_open sl tp comment",
    "deals": "ticket login time type entry symbol volume price profit commission swap order comment",
    "positions": "ticket login time type symbol volume price_open sl tp swap comment",
    "faults": "id fault function symbol retcode since seconds_left count_left",
}
_WIDE = 200
_FAULTS_HELP = "; ".join(f"[bold]{name}[/bold] ({', '.join(takes)})" for name, takes in FAULTS.items())


@simulator_app.command("ledger")
def ledger_command(
    table: Annotated[
        TableName | None, typer.Argument(metavar="TABLE", help=f"One of {', '.join(TABLES)}; all without it.")
    ] = None,
    *,
    form: Annotated[Format, typer.Option("--format", help="How to print; csv needs a TABLE.")] = "table",
    data_dir: DataDir = None,
    config: Config = None,
) -> None:
    """Print the broker's books: accounts, orders, deals, positions, faults.

    They are the truth to hold everything else against: read from the file, not from a terminal or the API. Of each
    account the balance is printed, and what the sum of its deals makes it.
    """
    with _opened_books(config, data_dir) as ledger:
        found = statement(ledger, time.time)
    chosen: Mapping[str, Any] = found if table is None else {table: found[table]}
    if form == "json":
        typer.echo(json.dumps(chosen if table is None else found[table], indent=2))
    elif form == "table":
        _print_tables(chosen)
    elif table is None:
        raise _end(2, f"csv holds one table; say which: mt5-otel simulator ledger {'|'.join(TABLES)} --format csv")
    else:
        typer.echo(_as_csv(found[table]), nl=False)


@simulator_app.command("fault", epilog=f"Faults, and the options that each takes: {_FAULTS_HELP}.")
def fault_command(
    name: Annotated[str, typer.Argument(metavar="NAME|list|end", help="What is to go wrong; or list those at work.")],
    number: Annotated[int | None, typer.Argument(metavar="ID", help="With end: which one; all without it.")] = None,
    *,
    seconds: Annotated[float | None, typer.Option("--seconds", help="How long it lasts, or holds a call.")] = None,
    count: Annotated[int | None, typer.Option("--count", help="How many calls it takes.")] = None,
    function: Annotated[str | None, typer.Option("--function", help="Which function suffers it.")] = None,
    symbol: Annotated[str | None, typer.Option("--symbol", help="Which symbol suffers it.")] = None,
    retcode: Annotated[int | None, typer.Option("--retcode", help="The code of the refusal.")] = None,
    fraction: Annotated[float | None, typer.Option("--fraction", help="How much of the volume is filled.")] = None,
    value: Annotated[
        str | None,
        typer.Option("--value", help="What the fault is about: a code of last_error, a login, seconds or a comment."),
    ] = None,
    side: Annotated[str | None, typer.Option("--side", help="Of somebody else's trade: buy or sell.")] = None,
    volume: Annotated[float | None, typer.Option("--volume", help="Its lots.")] = None,
    position: Annotated[int | None, typer.Option("--position", help="Ticket of the position it closes.")] = None,
    reason: Annotated[str | None, typer.Option("--reason", help="client, mobile, expert, sl, tp or so.")] = None,
    data_dir: DataDir = None,
    config: Config = None,
) -> None:
    """Have something go wrong, list what does, or end it.

    mt5-otel simulator fault hang --seconds 20

    mt5-otel simulator fault list

    mt5-otel simulator fault end

    A fault ends by itself: after its seconds, or its count of calls.
    """
    given = {
        "seconds": seconds, "count": count, "function": function, "symbol": symbol, "retcode": retcode,
        "fraction": fraction, "value": _number_or_text(value), "side": side, "volume": volume,
        "position": position, "reason": reason,
    }  # fmt: skip
    with _opened_books(config, data_dir) as ledger:
        book = FaultBook(ledger, time.time)
        if name == LIST:
            _print_tables({"faults": book.active()})
        elif name == END:
            typer.echo(f"Ended: {book.end(number)}.")
        else:
            _begin(book, name, given)


def _begin(book: FaultBook, name: str, given: Mapping[str, Any]) -> None:
    try:
        begun = book.add(name, **given)
    except FaultRefused as error:
        said = str(error) if error.parameter == "fault" else f"--{error.parameter} {error.expected}"
        raise _end(2, said) from error
    typer.echo(f"{begun['fault']} has begun (id {begun['id']}). End it: mt5-otel simulator fault end {begun['id']}")


@simulator_app.command("money")
def money_command(
    kind: Annotated[str, typer.Argument(metavar="KIND", help=f"One of {', '.join(KINDS)}.")],
    amount: Annotated[float, typer.Argument(help="How much, in the account's currency.")],
    *,
    login: Annotated[int | None, typer.Option("--login", help="The account.", show_default="the one used last")] = None,
    comment: Annotated[str, typer.Option("--comment", help="What the deal says, at most 29 characters.")] = "",
    data_dir: DataDir = None,
    config: Config = None,
) -> None:
    """Move money on an account without a trade, as its broker does.

    mt5-otel simulator money deposit 500

    mt5-otel simulator money withdrawal 99000 --comment "a poor account"

    It is entered when the account is looked at next, behind all that happened to it before.
    """
    try:
        with _opened_books(config, data_dir) as ledger:
            asked = OperationBook(ledger, time.time).add(kind, amount, login=login, comment=comment)
    except OperationRefused as error:
        option = f"--{error.parameter}" if error.parameter in ("login", "comment") else error.parameter.upper()
        raise _end(2, f"{option} {error.expected}") from error
    money = f"{asked['amount']:+,.2f} {asked['currency']}"
    typer.echo(f"{asked['kind']} of {money} for {asked['login']}, entered when the account is looked at next")


def _number_or_text(value: str | None) -> float | int | str | None:
    """A value as the kind that it looks like."""
    for kind in (int, float):
        try:
            return kind(value)  # type: ignore[arg-type]  # a TypeError is one of the answers
        except (TypeError, ValueError):
            continue
    return value


@contextmanager
def _opened_books(config: Path | None, data_dir: Path | None) -> Iterator[Path]:
    """Name the ledger; what goes wrong with it is said in a sentence."""
    ledger = _books(config, data_dir)
    try:
        yield ledger
    except sqlite3.Error as error:
        raise _end(
            1,
            f"{ledger} cannot be read or written ({error}). See that it is a simulator's, of this release, and that "
            "its folder may be written",
        ) from error


def _books(config: Path | None, data_dir: Path | None) -> Path:
    try:
        settings = Settings.load(config, {} if data_dir is None else {"data_dir": data_dir})
    except StartupError as error:
        raise _end(2, str(error)) from error
    ledger = (settings.data_dir / LEDGER).absolute()
    if not ledger.is_file():
        raise _end(
            1,
            f"there is no simulator in {settings.data_dir}. Name the data folder of a `mt5-otel run` or `mt5-otel "
            "simulate` with --data-dir",
        )
    return ledger


def _print_tables(tables: Mapping[str, list[dict[str, Any]]]) -> None:
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a Windows console may lack letters of a comment
    console = Console(highlight=False, markup=False, width=None if sys.stdout.isatty() else _WIDE)
    for number, (name, rows) in enumerate(tables.items()):
        if len(tables) > 1:
            console.print(f"{'' if number == 0 else chr(10)}{name}: {len(rows) or 'none'}", style="bold")
        elif not rows:
            console.print(f"no {name}")
        if rows:
            console.print(_as_table(rows, _COLUMNS[name].split()))


def _as_table(rows: list[dict[str, Any]], wanted: list[str]) -> Table:
    """A picture of some columns, those that say something here."""
    columns = [column for column in wanted if any(row.get(column) not in (None, "", 0.0) for row in rows)]
    if len({row.get("login") for row in rows}) == 1 and columns[0] != "login":
        columns = [column for column in columns if column != "login"]
    table = Table(box=None, pad_edge=False)
    for column in columns:
        table.add_column(column, justify="right" if isinstance(rows[0].get(column), int | float) else "left")
    for row in rows:
        table.add_row(*(_cell(row.get(column), column) for column in columns))
    return table


def _cell(value: Any, column: str) -> str:
    if value is None:
        return ""
    if column in ("balance", "balance_by_deals", "credit", "profit", "commission", "swap", "fee"):
        return f"{value:,.2f}"
    return str(value)[:19].replace("T", " ") if column in ("time", "time_setup", "since") else str(value)


def _as_csv(rows: list[dict[str, Any]]) -> str:
    out = io.StringIO()
    columns = list(dict.fromkeys(column for row in rows for column in row))
    writer = csv.DictWriter(out, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def _end(code: int, message: str) -> typer.Exit:
    """Say on stderr why this is the end; to be raised."""
    typer.echo(f"mt5-otel simulator: {message}.", err=True)
    return typer.Exit(code)
