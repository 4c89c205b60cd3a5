"""The page's log-in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from http.cookies import SimpleCookie

import httpx2
import pytest

from app.access.keys import Scope
from app.api.application import create_api
from app.domain.events import SecurityType
from tests.app.api.fakes import BASE_URL, OPERATOR_KEY, Api

ORDER = {"canonical": "EURUSD", "side": "buy", "volume": 0.1}
NOBODY = {"authenticated": False, "name": "", "scopes": [], "csrf": "", "reads": True}
COOKIE = "mt5_otel_5001"


@pytest.fixture
async def page(api: Api) -> AsyncIterator[httpx2.AsyncClient]:
    """The page in a browser on this machine: no key, a jar for cookies."""
    async with api.client(None) as client:
        yield client


async def log_in(page: httpx2.AsyncClient, **by: str) -> dict[str, str]:
    """Log in and return the headers that the page then puts on calls that change something."""
    answer = await page.post("/api/session", json=by or {"key": OPERATOR_KEY}, headers={"Origin": BASE_URL})
    assert answer.status_code == 200, answer.text
    told = (await page.get("/api/session")).json()
    assert told == answer.json()
    return {"X-CSRF-Token": told["csrf"], "Origin": BASE_URL}


async def test_nobody_is_logged_in_at_first(page: httpx2.AsyncClient) -> None:
    """That is an answer, not an error, and it is kept nowhere."""
    answer = await page.get("/api/session")
    assert (answer.status_code, answer.json()) == (200, NOBODY)
    assert answer.headers["Cache-Control"] == "no-store"


async def test_log_in_by_key_trades(page: httpx2.AsyncClient, api: Api) -> None:
    """The cookie stands for the key; with token and origin an order is taken."""
    headers = await log_in(page)
    assert (await page.get("/api/session")).json()["scopes"] == ["admin", "read", "trade"]
    assert (await page.post("/api/order", json=ORDER, headers=headers)).status_code == 200
    assert api.desk.calls == 1


async def test_log_in_by_code_once(page: httpx2.AsyncClient, api: Api) -> None:
    """The link's code lets the operator in; the second time it is as good as wrong."""
    code = api.services.sessions.new_code()
    headers = await log_in(page, code=code)
    assert (await page.get("/api/session")).json()["name"] == "operator"
    assert (await page.post("/api/positions/77/close", headers=headers)).status_code == 200
    again = await page.post("/api/session", json={"code": code})
    assert again.status_code == 401


@pytest.mark.parametrize(("scheme", "secure"), [("http", False), ("https", True)])
async def test_cookie_is_out_of_every_scripts_reach(api: Api, scheme: str, *, secure: bool) -> None:
    """HttpOnly, SameSite=Strict, for the whole API, named after its port, Secure where the connection is."""
    transport = httpx2.ASGITransport(create_api(api.services))
    async with httpx2.AsyncClient(transport=transport, base_url=f"{scheme}://127.0.0.1:5001") as client:
        answer = await client.post("/api/session", json={"key": OPERATOR_KEY})
    (cookie,) = SimpleCookie(answer.headers["Set-Cookie"]).values()
    assert cookie.key == COOKIE
    assert (cookie["httponly"], cookie["samesite"].lower(), cookie["path"]) == (True, "strict", "/")
    assert bool(cookie["secure"]) == secure
    assert cookie["max-age"] == "86400"
    assert answer.headers["Cache-Control"] == "no-store"
    assert cookie.value not in answer.text
    assert OPERATOR_KEY not in answer.text + answer.headers["Set-Cookie"]


@pytest.mark.parametrize("body", [{"key": "a-wrong-key-that-is-secret"}, {"code": "a-wrong-code-that-is-secret"}])
async def test_wrong_log_in_is_an_event(page: httpx2.AsyncClient, api: Api, body: dict[str, str]) -> None:
    """401, told without what was tried, counted; and no cookie."""
    answer = await page.post("/api/session", json=body)
    assert answer.status_code == 401
    assert "Set-Cookie" not in answer.headers
    (event,) = api.services.monitor.notes.last_security(0)
    assert (event.type, event.client) == (SecurityType.INVALID_API_KEY_ATTEMPT, "127.0.0.1")
    assert "secret" not in repr(event) + answer.text
    assert api.services.monitor.notes.authentications(3_600) == {"good": 0, "bad": 1}


async def test_good_log_ins_are_only_counted(page: httpx2.AsyncClient, api: Api) -> None:
    """One authentication by the log-in, none by the calls that follow, and no event at all."""
    await log_in(page)
    for _ in range(3):
        assert (await page.get("/api/account")).status_code == 200
    assert api.services.monitor.notes.authentications(3_600) == {"good": 1, "bad": 0}
    assert api.services.monitor.notes.last_security(0) == []


@pytest.mark.parametrize("body", [{}, {"key": "a", "code": "b"}, {"key": ""}, {"key": 1}, {"password": "x"}, []])
async def test_malformed_log_in_is_422(page: httpx2.AsyncClient, body: object) -> None:
    """Either a key or a code, and nothing else."""
    answer = await page.post("/api/session", json=body)
    assert answer.status_code == 422
    assert answer.json()["detail"]["error"]["code"] == "VALIDATION_ERROR"


async def test_guessing_is_limited(page: httpx2.AsyncClient) -> None:
    """The eleventh log-in of a minute is not looked at."""
    answers = [(await page.post("/api/session", json={"code": f"{number}"})).status_code for number in range(11)]
    assert answers == [401] * 10 + [429]


@pytest.mark.parametrize(
    "change",
    [
        {"X-CSRF-Token": None},
        {"X-CSRF-Token": ""},
        {"X-CSRF-Token": "guessed"},
        {"Origin": None},
        {"Origin": "null"},
        {"Origin": "http://evil.example"},
        {"Origin": "http://127.0.0.1:3000"},
        {"Origin": "http://localhost:5001"},
        {"Origin": "127.0.0.1:5001"},
    ],
)
@pytest.mark.parametrize(
    "call", [("POST", "/api/order"), ("POST", "/api/positions/77/close"), ("DELETE", "/api/session")]
)
async def test_another_page_cannot_use_the_cookie(
    page: httpx2.AsyncClient, api: Api, call: tuple[str, str], change: dict[str, str | None]
) -> None:
    """Without the token, or from any other origin, nothing is done in somebody's name; it is told of."""
    headers = {name: value for name, value in ((await log_in(page)) | change).items() if value is not None}
    answer = await page.request(*call, json=ORDER if call[1] == "/api/order" else None, headers=headers)
    assert answer.status_code == 403
    assert answer.json()["detail"]["error"]["code"] == "FORBIDDEN"
    assert api.desk.calls == 0
    assert (await page.get("/api/session")).json()["authenticated"]
    (event,) = api.services.monitor.notes.last_security(0)
    assert event.type is SecurityType.SCOPE_DENIED


async def test_another_page_cannot_log_anybody_in(page: httpx2.AsyncClient) -> None:
    """A log-in from elsewhere would make somebody trade on an account that is not theirs."""
    answer = await page.post("/api/session", json={"key": OPERATOR_KEY}, headers={"Origin": "http://evil.example"})
    assert answer.status_code == 403
    assert "Set-Cookie" not in answer.headers


async def test_log_out_ends_it(page: httpx2.AsyncClient) -> None:
    """The cookie is taken back, and is worth nothing to whoever has kept it."""
    headers = await log_in(page)
    token = page.cookies[COOKIE]
    answer = await page.delete("/api/session", headers=headers)
    assert (answer.status_code, answer.json()) == (200, NOBODY)
    assert COOKIE not in page.cookies
    kept = await page.get("/api/session", headers={"Cookie": f"{COOKIE}={token}"})
    assert kept.json() == NOBODY


async def test_log_out_of_nobody_is_well(page: httpx2.AsyncClient) -> None:
    """Whose session is over already is logged out."""
    assert (await page.delete("/api/session")).json() == NOBODY


async def test_a_session_that_is_over_is_none(page: httpx2.AsyncClient, api: Api) -> None:
    """After a restart the page looks as before it logged in, and trades no more."""
    cookie = {"Cookie": f"{COOKIE}=of-an-earlier-life"}
    assert (await page.get("/api/account", headers=cookie)).status_code == 200
    assert (await page.get("/api/session", headers=cookie)).json() == NOBODY
    assert (await page.post("/api/order", json=ORDER, headers=cookie)).status_code == 401
    assert api.desk.calls == 0


async def test_a_key_beside_the_cookie_wins(page: httpx2.AsyncClient, read_key: str, api: Api) -> None:
    """Whoever shows a key calls as that key, needs no token, and a wrong one stays wrong."""
    await log_in(page)
    assert (await page.post("/api/order", json=ORDER, headers={"X-API-Key": OPERATOR_KEY})).status_code == 200
    assert (await page.post("/api/order", json=ORDER, headers={"X-API-Key": read_key})).status_code == 403
    assert (await page.get("/api/account", headers={"X-API-Key": "wrong"})).status_code == 401
    assert api.desk.calls == 1


async def test_a_session_has_its_keys_scopes(page: httpx2.AsyncClient, api: Api, read_key: str) -> None:
    """A reader's log-in looks, and neither trades nor sees the keys."""
    headers = await log_in(page, key=read_key)
    assert (await page.get("/api/account")).status_code == 200
    assert (await page.post("/api/order", json=ORDER, headers=headers)).status_code == 403
    assert (await page.get("/api/keys")).status_code == 403
    assert api.desk.calls == 0


async def test_who_may_look_is_said(api: Api) -> None:
    """A page that may not look without a log-in can say so, and need not try for ever."""
    for address, reads in (("127.0.0.1", True), ("192.0.2.7", False)):
        async with api.client(None, address=address) as client:
            assert (await client.get("/api/session")).json()["reads"] is reads


async def test_from_elsewhere_a_log_in_reads_and_streams(api: Api) -> None:
    """Where anonymous reading ends, the cookie is enough, also for what cannot send a header."""
    transport = httpx2.ASGITransport(create_api(api.services), client=("192.0.2.7", 50_000))
    async with httpx2.AsyncClient(transport=transport, base_url=BASE_URL) as page:
        for path in ("/api/account", "/api/stream"):
            assert (await page.get(path)).status_code == 401
        await log_in(page)
        assert (await page.get("/api/account")).status_code == 200
        api.services.feed.stop()
        assert (await page.get("/api/stream")).status_code in (200, 503)


async def test_keys_are_shown_to_an_administrator(page: httpx2.AsyncClient, api: Api) -> None:
    """With their last use; to nobody else, here or not, and without their hashes."""
    assert (await page.get("/api/keys")).status_code == 401
    trader = api.services.keys.ephemeral("trader", [Scope.READ, Scope.TRADE])
    assert (await page.get("/api/keys", headers={"X-API-Key": trader})).status_code == 403
    await log_in(page)
    (operator,) = (await page.get("/api/keys")).json()
    assert (operator["name"], operator["scopes"]) == ("operator", ["admin", "read", "trade"])
    assert operator["last_used"] == "2026-01-05T10:00:00.000000Z"
    assert set(operator) == {"id", "name", "scopes", "created", "last_used", "limits"}
