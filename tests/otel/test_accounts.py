"""Accounts balance."""

from __future__ import annotations

import threading

from hypothesis import given, settings
from hypothesis import strategies as st

from otel.accounts import BEFORE_DISK, FROM_DISK, AccountSnapshot, SignalAccount


def balanced(snapshot: AccountSnapshot) -> bool:
    """Say whether every item is in exactly one place."""
    left = snapshot.emitted + snapshot.carried
    return left == snapshot.delivered + snapshot.spooled + sum(snapshot.dropped.values()) + snapshot.in_memory


def test_written_items_wait_in_the_spool_until_they_are_delivered() -> None:
    """Emitted items go from memory to the spool and from there to delivered, none counted twice."""
    account = SignalAccount()
    account.emitted(5)
    account.written(4)
    account.delivered(3)

    snapshot = account.snapshot()

    assert (snapshot.in_memory, snapshot.spooled, snapshot.delivered) == (1, 1, 3)


def test_without_an_endpoint_written_is_delivered() -> None:
    """Where nothing is shipped, an item in a file has arrived."""
    account = SignalAccount(spooling=False)
    account.emitted(5)
    account.written(3)
    account.delivered(1)

    snapshot = account.snapshot()

    assert (snapshot.in_memory, snapshot.spooled, snapshot.delivered) == (1, 0, 4)


def test_every_reason_is_there_from_the_start() -> None:
    """A reader sees each way to lose data at zero before the first loss."""
    assert dict(SignalAccount().snapshot().dropped) == dict.fromkeys((*BEFORE_DISK, *FROM_DISK), 0)


def test_a_drop_leaves_the_place_its_reason_names() -> None:
    """Losses before the disk come out of memory, losses by retention or refusal out of the spool."""
    account = SignalAccount()
    account.emitted(10)
    account.written(6)
    account.dropped(1, "queue_full")
    account.dropped(2, "retention")

    snapshot = account.snapshot()

    assert (snapshot.in_memory, snapshot.spooled) == (3, 4)
    assert (snapshot.dropped["queue_full"], snapshot.dropped["retention"]) == (1, 2)


@settings(deadline=None)
@given(
    st.booleans(),
    st.lists(st.tuples(st.sampled_from(["emitted", "carried", "written", "delivered"]), st.integers(0, 99))),
    st.lists(st.tuples(st.sampled_from([*BEFORE_DISK, *FROM_DISK, "another"]), st.integers(0, 99))),
)
def test_the_account_always_balances(
    spooling: bool, steps: list[tuple[str, int]], drops: list[tuple[str, int]]
) -> None:
    """Whatever is reported in whatever order, emitted and carried equal the places the items can be in."""
    account = SignalAccount(spooling=spooling)
    for verb, items in steps:
        getattr(account, verb)(items)
    for reason, items in drops:
        account.dropped(items, reason)

    assert balanced(account.snapshot())


def test_counts_from_several_threads_add_up() -> None:
    """No count is lost when threads report at the same time, and every snapshot between balances."""
    account = SignalAccount()

    def work() -> None:
        for _ in range(500):
            account.emitted(2)
            account.written(2)
            account.delivered(1)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    seen = [account.snapshot() for _ in range(100)]
    for thread in threads:
        thread.join()

    assert all(balanced(snapshot) for snapshot in seen)
    assert (account.snapshot().delivered, account.snapshot().spooled) == (2000, 2000)
