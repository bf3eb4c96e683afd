"""Tokens: kept, renewed, fetched once for all."""

from __future__ import annotations

import asyncio
import base64
import json
from urllib.parse import parse_qs

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from amp.fields.http import JWT_BEARER, HttpConfig, OAuth2
from amp.fields.secret import Secret
from listener import reply


def token(text: str, seconds: float) -> bytes:
    body = json.dumps({"access_token": text, "expires_in": seconds}).encode()
    return reply("200 OK", body, "Content-Type: application/json")


def config(url: str, **more: object) -> HttpConfig:
    given = {"client_id": "me", "client_secret": Secret("s"), "token_url": url} | more
    return HttpConfig(oauth2=OAuth2(**given))  # type: ignore[arg-type]


async def test_a_token_is_kept_and_fetched_once_for_all(listeners, clients):
    tokens = await listeners.start(token("abc", 3600))
    sink = await listeners.start()
    client = clients.client(config(tokens.url()))
    await asyncio.gather(*(client.request("POST", sink.url()) for _ in range(5)))
    assert len(tokens.heard) == 1
    assert {heard["Authorization"] for heard in sink.heard} == {"Bearer abc"}


async def test_a_token_about_to_expire_is_renewed(listeners, clients):
    given = iter([token("one", 5), token("two", 3600)])
    tokens = await listeners.start(lambda _: next(given))
    sink = await listeners.start()
    client = clients.client(config(tokens.url()))
    for _ in range(3):
        await client.request("POST", sink.url())
    assert [heard["Authorization"] for heard in sink.heard] == [
        "Bearer one",
        "Bearer two",
        "Bearer two",
    ]


async def test_a_changed_secret_asks_for_a_new_token(listeners, clients, tmp_path):
    tokens = await listeners.start(token("abc", 3600))
    sink = await listeners.start()
    file = tmp_path / "secret"
    file.write_text("first\n")
    client = clients.client(
        config(tokens.url(), client_secret=Secret(), client_secret_file=str(file))
    )
    await client.request("POST", sink.url())
    file.write_text("second\n")
    await client.request("POST", sink.url())
    sent = [base64.b64decode(heard["Authorization"].split()[1]) for heard in tokens.heard]
    assert sent == [b"me:first", b"me:second"]


async def test_the_way_to_identify_is_remembered(listeners, clients):
    given = iter([reply("401 No", b"{}"), token("a", 1), token("b", 1)])
    tokens = await listeners.start(lambda _: next(given))
    sink = await listeners.start()
    client = clients.client(config(tokens.url()))
    await client.request("POST", sink.url())
    await client.request("POST", sink.url())
    assert [heard["Authorization"] is None for heard in tokens.heard] == [False, True, True]
    assert parse_qs(tokens.heard[1].body.decode())["client_secret"] == ["s"]


async def test_signed_assertion(listeners, clients):
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    key = private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()
    tokens = await listeners.start(token("abc", 3600))
    sink = await listeners.start()
    client = clients.client(
        config(
            tokens.url("/t"),
            client_secret=Secret(),
            grant_type=JWT_BEARER,
            client_certificate_key=Secret(key),
            client_certificate_key_id="kid",
            signature_algorithm="RS384",
            claims={"extra": [1]},
            scopes=("a", "b"),
        )
    )
    await client.request("POST", sink.url())
    form = parse_qs(tokens.heard[0].body.decode())
    assert form["grant_type"] == [JWT_BEARER]
    head, claims, signature = form["assertion"][0].split(".")
    assert part(head) == {"alg": "RS384", "kid": "kid", "typ": "JWT"}
    told = part(claims)
    assert (told["iss"], told["sub"], told["aud"]) == ("me", "me", tokens.url("/t"))
    assert told["extra"] == [1]
    assert told["scope"] == "a b"
    assert told["exp"] - told["iat"] == 600
    private.public_key().verify(
        decode(signature), f"{head}.{claims}".encode(), padding.PKCS1v15(), hashes.SHA384()
    )


def decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def part(text: str) -> dict[str, object]:
    value: dict[str, object] = json.loads(decode(text))
    return value
