"""Settings: three sources, one order, errors in the operator's words."""

from pathlib import Path

import pytest

from app.errors import SettingsError
from app.settings import Settings


def load(tmp_path: Path, toml: str = "", env: dict[str, str] | None = None, **flags: object) -> Settings:
    """Settings from these three sources."""
    config = tmp_path / "mt5-otel.toml"
    config.write_text(toml, encoding="utf-8")
    return Settings.load(config, flags, env or {})


def test_later_sources_win(tmp_path: Path) -> None:
    """Flags win over the environment, the environment over the file, and each keeps its neighbours."""
    settings = load(
        tmp_path,
        '[http]\nport = 1\nhost = "0.0.0.0"\nbody_bytes_max = 2048\n',
        {"MT5_OTEL_HTTP__PORT": "2", "MT5_OTEL_HTTP__HOST": "127.0.0.2"},
        http={"port": 3},
    )
    assert (settings.http.port, settings.http.host, settings.http.body_bytes_max) == (3, "127.0.0.2", 2048)


@pytest.mark.parametrize(
    ("toml", "env", "named"),
    [
        ("[http]\nprot = 1\n", {}, "http.prot in"),
        ("", {"MT5_OTEL_AUTH__ANONYMOUS_REED": "off"}, "MT5_OTEL_AUTH__ANONYMOUS_REED"),
        ("", {"MT5_OTEL_TYPO": "1"}, "MT5_OTEL_TYPO"),
        ("", {"MT5_OTEL_HTTP__PORT": "seven"}, "MT5_OTEL_HTTP__PORT"),
        ("nonsense", {}, "no valid TOML"),
    ],
)
def test_faults_are_named_as_the_operator_wrote_them(
    tmp_path: Path, toml: str, env: dict[str, str], named: str
) -> None:
    """An unknown or impossible setting is refused under the operator's own name for it."""
    with pytest.raises(SettingsError, match=named):
        load(tmp_path, toml, env)


def test_a_key_is_no_setting(tmp_path: Path) -> None:
    """MT5_OTEL_API_KEY may be set without being taken for an unknown setting."""
    assert load(tmp_path, env={"MT5_OTEL_API_KEY": "x" * 40}).http.port == 5001


def test_anonymous_reading_ends_beyond_loopback(tmp_path: Path) -> None:
    """An address that others can reach needs a key for every call."""
    assert load(tmp_path).anonymous_read
    assert not load(tmp_path, http={"host": "0.0.0.0"}).anonymous_read


def test_bars_have_a_short_name(tmp_path: Path) -> None:
    """MT5_OTEL_BARS is the folder of bars; the setting's own variable wins over it."""
    short, whole = {"MT5_OTEL_BARS": "a"}, {"MT5_OTEL_SIMULATOR__BARS": "b"}

    assert load(tmp_path, env=short).simulator.bars == Path("a")
    assert load(tmp_path, env=short | whole).simulator.bars == Path("b")
    assert load(tmp_path, env={"MT5_OTEL_BARS": ""}).simulator.bars is None


def test_unknown_sessions_are_named_by_their_flag(tmp_path: Path) -> None:
    """`--sessions night` is refused as the flag it is."""
    with pytest.raises(SettingsError, match=r"--sessions: .*'night'"):
        load(tmp_path, simulator={"sessions": "night"})
