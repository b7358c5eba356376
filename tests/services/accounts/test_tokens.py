import base64
import json

import jwt
import pytest
from pydantic import SecretStr

from core import clock
from core.settings import Settings
from services.accounts import tokens
from services.accounts.tokens import AccessToken, BadToken

OURS = Settings(secret_key=SecretStr("a" * 32), access_token_seconds=60)
THEIRS = Settings(secret_key=SecretStr("b" * 32), access_token_seconds=60)


def test_an_access_token_says_who_and_until_when(monkeypatch: pytest.MonkeyPatch) -> None:
    text, expires_at = tokens.make_access_token(OURS, 7, 9)
    assert tokens.read_access_token(OURS, text) == AccessToken(7, 9)
    assert 59 <= expires_at.timestamp() - clock.timestamp() <= 60
    monkeypatch.setattr(clock, "timestamp", lambda: expires_at.timestamp() - 0.001)
    assert tokens.read_access_token(OURS, text) == AccessToken(7, 9)
    monkeypatch.setattr(clock, "timestamp", expires_at.timestamp)
    with pytest.raises(BadToken):
        tokens.read_access_token(OURS, text)


def forged(header: dict[str, str], claims: dict[str, object], signature: str = "") -> str:
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in (header, claims)]
    return ".".join([*parts, signature])


FAR = 4_000_000_000
KEY = tokens._key(OURS, tokens._ACCESS_PURPOSE)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "abc",
        "a.b.c",
        "é.é.é",
        "x" * 100_000,
        tokens.make_access_token(THEIRS, 7, 9)[0],
        tokens.make_access_token(OURS, 7, 9)[0][:-2],
        forged({"alg": "none", "typ": "JWT"}, {"sub": "7", "sid": "9", "exp": FAR}),
        jwt.encode({"sub": "7", "exp": FAR}, KEY, "HS256"),
        jwt.encode({"sub": "7", "sid": "9"}, KEY, "HS256"),
        jwt.encode({"sub": "x", "sid": "9", "exp": FAR}, KEY, "HS256"),
        jwt.encode({"sub": "-7", "sid": "9", "exp": FAR}, KEY, "HS256"),
        jwt.encode({"sub": str(2**63), "sid": "9", "exp": FAR}, KEY, "HS256"),
        jwt.encode({"sub": "7", "sid": "9", "exp": "soon"}, KEY, "HS256"),
        pytest.param(tokens.make_refresh_token(OURS, 9, 1).text, id="a refresh token"),
    ],
)
def test_what_we_did_not_sign_so_is_no_access_token(text: str) -> None:
    with pytest.raises(BadToken):
        tokens.read_access_token(OURS, text)


def test_a_refresh_token_carries_its_session_and_generation() -> None:
    made = tokens.make_refresh_token(OURS, 2**62 + 5, 3)
    assert tokens.read_refresh_token(OURS, made.text) == made
    assert (made.session_id, made.generation, len(made.hash)) == (2**62 + 5, 3, 32)
    assert tokens.make_refresh_token(OURS, 2**62 + 5, 3).hash != made.hash


def test_a_refresh_token_that_somebody_made_up_is_none() -> None:
    text = tokens.make_refresh_token(OURS, 9, 1).text
    flipped = [text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :] for at in range(0, len(text) - 1, 7)]
    access = tokens.make_access_token(OURS, 7, 9)[0]
    for wrong in ["", "é", "x" * 100_000, text[:-1], text + "AAAA", access, *flipped]:
        with pytest.raises(BadToken):
            tokens.read_refresh_token(OURS, wrong)
    with pytest.raises(BadToken):
        tokens.read_refresh_token(THEIRS, text)
