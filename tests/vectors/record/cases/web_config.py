"""Web configuration files, and what clients try while they are in force."""

from __future__ import annotations

import base64
from typing import Any

SECRET = "$2b$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW"
UMLAUT = "$2b$04$abcdefghijklmnopqrstuuw9htRp2KBKnWAyFgun72N8/yQLU3fbe"
LONG = "$2b$04$abcdefghijklmnopqrstuubzadhGtS2zEF.gu0yd0opP6cVzb.e0i"
ZERO = "$2b$04$abcdefghijklmnopqrstuusjHI0zQHpOe3SFDK1IriYv6N79Gzr32"
"""`secret`, `pä`, 72 times `x`, and `a`, NUL, `b`."""


def tls(more: str = "", pair: str = "cert_file: server.pem, key_file: server.key") -> str:
    """A file with a TLS block."""
    return f"tls_server_config: {{{pair}{more}}}\n"


def pair(cert: str, key: str) -> str:
    """A TLS block with these two files."""
    return tls(pair=f"cert_file: {cert}, key_file: {key}")


def suites(*names: str) -> str:
    """A TLS block with the ciphers."""
    return tls(f", cipher_suites: [{', '.join(names)}]")


def user(hashed: str, name: str = "alice") -> str:
    """A file with one user."""
    return f'basic_auth_users: {{"{name}": "{hashed}"}}\n'


def sent(text: str) -> dict[str, Any]:
    """A request with an `Authorization` header."""
    return {"headers": [["Authorization", text]]}


def basic(name: str, password: str | bytes) -> dict[str, Any]:
    """A request with credentials."""
    raw = password if isinstance(password, bytes) else password.encode()
    return sent("Basic " + base64.b64encode(name.encode() + b":" + raw).decode())


def secured(**given: Any) -> dict[str, Any]:
    """A request over TLS."""
    return {"tls": given}


def clients(kind: str, more: str = ", client_ca_file: ca.pem") -> str:
    """A TLS block that asks for certificates."""
    return tls(f", client_auth_type: {kind}{more}")


GCM128 = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"
GCM256 = "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"
GOOD = basic("alice", "secret")
RIGHT = base64.b64encode(b"alice:secret").decode()
BOTH = [secured(), secured(certificate=True)]
HEADERS = (
    "http_server_config: {headers: {X-Frame-Options: deny, X-Content-Type-Options: nosniff,"
    " X-XSS-Protection: '1; mode=block', Strict-Transport-Security: '',"
    " Content-Security-Policy: \"default-src 'self'\"}}\n"
)
VERSION_3 = "$3y$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi"

STARTS: dict[str, str | None] = {
    "no file": None,
    "nothing": "",
    "only a comment": "# nothing\n",
    "a word": "junk\n",
    "a list": "- a\n",
    "broken YAML": "a:\n\tb: 1\n",
    "unknown key": "foo: 1\n",
    "unknown key of TLS": "tls_server_config: {foo: 1}\n",
    "unknown key of HTTP": "http_server_config: {foo: 1}\n",
    "unknown key of the limit": "rate_limit: {foo: 1}\n",
    "a key twice": "rate_limit: {burst: 1}\nrate_limit: {burst: 2}\n",
    "empty TLS": "tls_server_config: {}\n",
    "null TLS": "tls_server_config:\n",
    "TLS": tls(),
    "inline": tls(pair="cert: INLINE_CERT, key: INLINE_KEY"),
    "inline beside missing files": tls(
        pair="cert: INLINE_CERT, key: INLINE_KEY, cert_file: nope.pem"
    ),
    "no key": tls(pair="cert_file: server.pem"),
    "no certificate": tls(pair="key_file: server.key"),
    "only a client type": tls(pair="client_auth_type: NoClientCert"),
    "missing certificate": pair("nope.pem", "server.key"),
    "missing key": pair("server.pem", "nope.key"),
    "a folder as certificate": pair(".", "server.key"),
    "junk certificate": pair("junk.pem", "server.key"),
    "empty certificate": pair("empty.pem", "server.key"),
    "junk key": pair("server.pem", "junk.pem"),
    "switched": pair("server.key", "server.pem"),
    "the certificate as key": pair("server.pem", "server.pem"),
    "the key of another": pair("server.pem", "client.key"),
    "malformed certificate": pair("bad.pem", "server.key"),
    "malformed key": pair("server.pem", "bad.key"),
    "unknown client type": clients("Foo"),
    "authority without client type": tls(", client_ca_file: ca.pem"),
    "missing authority": clients("RequireAndVerifyClientCert", ", client_ca_file: nope.pem"),
    "any client certificate": clients("RequireAnyClientCert", ""),
    "any client certificate, old name": clients("RequireClientCert", ""),
    "unverified names": clients("RequestClientCert", ", client_allowed_sans: [a]"),
    "unknown version": tls(", min_version: TLS14"),
    "null version": tls(", min_version: "),
    "old versions": tls(", min_version: TLS10, max_version: TLS11"),
    "maximum below minimum": tls(", min_version: TLS13, max_version: TLS12"),
    "unknown cipher": suites("TLS_FOO"),
    "a cipher that Go calls insecure": suites(GCM128, "TLS_RSA_WITH_AES_128_GCM_SHA256"),
    "ciphers without HTTP/2's": suites(GCM256),
    "ciphers without HTTP/2's, null": suites("null"),
    "ciphers of TLS 1.3 only": suites("TLS_AES_128_GCM_SHA256"),
    "ciphers without HTTP/2's, which is off": "http_server_config: {http2: false}\n"
    + suites(GCM256),
    "ciphers without HTTP/2's from TLS 1.3 on": tls(
        f", min_version: TLS13, cipher_suites: [{GCM256}]"
    ),
    "empty ciphers": suites(),
    "unknown curve": tls(", curve_preferences: [P1]"),
    "one curve": tls(", curve_preferences: [CurveP384]"),
    "two curves": tls(", curve_preferences: [CurveP256, X25519]"),
    "all curves": tls(", curve_preferences: [CurveP256, X25519, CurveP384, CurveP521]"),
    "server's preference": tls(", prefer_server_cipher_suites: false"),
    "http2 is a number": "http_server_config: {http2: 3}\n",
    "unknown header": "http_server_config: {headers: {X-Foo: a}}\n",
    "header in small letters": "http_server_config: {headers: {x-frame-options: deny}}\n",
    "bad frame options": "http_server_config: {headers: {X-Frame-Options: foo}}\n",
    "empty content type options": "http_server_config: {headers: {X-Content-Type-Options: ''}}\n",
    "users as a list": "basic_auth_users: [a]\n",
    "null users": "basic_auth_users:\n",
    "short hash": user("b"),
    "null hash": "basic_auth_users: {a: }\n",
    "newer version of bcrypt": user(VERSION_3),
    "no dollar": user("x" + SECRET[1:]),
    "cost 3": user("$2b$03" + SECRET[6:]),
    "cost 32": user("$2b$32" + SECRET[6:]),
    "cost of letters": user("$2b$xx" + SECRET[6:]),
    "interval without unit": "rate_limit: {interval: 5}\n",
    "bad interval": "rate_limit: {interval: 1x}\n",
    "negative burst": "rate_limit: {interval: 1s, burst: -1}\n",
}

STORIES: dict[str, tuple[str, list[dict[str, Any]]]] = {
    "passwords": (
        HEADERS + user(SECRET),
        [
            {}, {"method": "HEAD"}, {"method": "POST", "path": "/api/v2/alerts"},
            GOOD, GOOD, basic("alice", "wrong"), basic("alice", "wrong"), basic("alice", ""),
            basic("bob", "secret"), basic("bob", "fakepassword"), basic("", "secret"),
            {"path": "/metrics"}, {"path": "/nope", **GOOD}, {"path": "/nope"},
        ],
    ),
    "forms of credentials": (
        user(SECRET),
        [
            sent("basic " + RIGHT), sent("BASIC " + RIGHT), sent("Basic  " + RIGHT),
            sent(f"Basic {RIGHT} "), sent(f"Basic {RIGHT}="), sent("Bearer " + RIGHT),
            sent("Basic"), sent("Basic " + base64.b64encode(b"alicesecret").decode()),
            sent(f"Basic {RIGHT[:4]}\t{RIGHT[4:]}"), sent(""),
            {"headers": [["Authorization", "Basic xx"], ["Authorization", "Basic " + RIGHT]]},
            {"headers": [["Authorization", "Basic " + RIGHT], ["Authorization", "Basic xx"]]},
        ],
    ),
    "long, binary and foreign": (
        f'basic_auth_users: {{long: "{LONG}", zero: "{ZERO}", zoé: "{UMLAUT}"}}\n',
        [
            basic("long", "x" * 72), basic("long", "x" * 90), basic("long", "x" * 71),
            basic("zero", b"a\0b"), basic("zero", b"a\0c"), basic("zoé", "pä"),
            basic("zoe", "pä"), basic("zoé", b"p\xe4"),
        ],
    ),
    "forms of hashes": (
        user(SECRET),
        [
            step
            for hashed in (
                "$2y" + SECRET[3:], "$2a" + SECRET[3:], "$2z" + SECRET[3:], "$1y" + SECRET[3:],
                "$2" + SECRET[3:], SECRET + "xx", SECRET[:28] + "v" + SECRET[29:],
                SECRET[:28] + "-" + SECRET[29:], SECRET[:59], "none",
            )
            for step in ({"write": user(hashed)}, GOOD)
        ],
    ),
    "the file changes": (
        user(SECRET),
        [
            GOOD, {"write": user(UMLAUT)}, GOOD, basic("alice", "pä"),
            {"write": user(SECRET)}, GOOD, basic("alice", "pä"),
            {"write": user(SECRET, "bob")}, GOOD, basic("bob", "secret"),
            {"write": HEADERS}, {}, {"write": "foo: 1\n"}, GOOD, {"write": None}, GOOD,
            {"write": "http_server_config: {headers: {X-Foo: b}}\n"}, {},
            {"write": "tls_server_config: {client_auth_type: Foo}\n"}, {},
            {"write": "rate_limit: {interval: 1h}\n"}, {}, {"write": ""}, {},
        ],
    ),
    "a rate limit": (
        HEADERS + "rate_limit: {interval: 1h, burst: 2}\n" + user(SECRET), [{}, GOOD, GOOD, {}]
    ),
    "a rate limit without burst": ("rate_limit: {interval: 1s}\n", [{}]),
    "a negative rate limit": ("rate_limit: {interval: -1s}\n", [{}, {}]),
    "a rate limit that the file forgets": (
        "rate_limit: {interval: 1h, burst: 1}\n", [{}, {"write": ""}, {}]
    ),
    "TLS and its changes": (
        tls(),
        [
            secured(), {}, {"method": "POST"}, {"method": "OPTIONS"},
            {"renew": True}, secured(),
            {"write": tls(", min_version: TLS13")}, secured(newest="TLSv1_2"), secured(),
            {"write": tls(", max_version: TLS12")}, secured(newest="TLSv1_2"), secured(),
            {"write": tls(", min_version: TLS13, max_version: TLS12")}, secured(),
            {"write": tls(", min_version: TLS10, max_version: TLS11")}, secured(),
            {"write": tls(", min_version: TLS10")}, secured(),
            {"write": "foo: 1\n"}, secured(), {"write": ""}, secured(),
            {"write": None}, secured(),
            {"write": pair("nope.pem", "server.key")}, secured(),
            {"write": HEADERS + tls() + user(SECRET)}, secured(), {**secured(), **GOOD},
        ],
    ),
    "ciphers": (
        suites(GCM128, GCM256),
        [
            secured(newest="TLSv1_2"), secured(),
            {"write": suites("TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA")}, secured(newest="TLSv1_2"),
            {"write": suites("TLS_AES_128_GCM_SHA256")}, secured(newest="TLSv1_2"), secured(),
        ],
    ),
    "client certificates": (
        clients("RequireAndVerifyClientCert"),
        [
            *BOTH, secured(newest="TLSv1_2"), secured(newest="TLSv1_2", certificate=True),
            {"write": clients("VerifyClientCertIfGiven")}, *BOTH,
            {"write": clients("RequestClientCert", "")}, *BOTH,
            {"write": clients("NoClientCert", ", client_allowed_sans: [a]")}, *BOTH,
            {"write": clients("RequireAndVerifyClientCert", ", client_ca: INLINE_AUTHORITY")},
            *BOTH,
            {"write": clients("RequireAndVerifyClientCert", ", client_ca_file: stranger.pem")},
            *BOTH,
            {"write": clients("VerifyClientCertIfGiven", ", client_ca_file: stranger.pem")}, *BOTH,
            {"write": clients("RequireAndVerifyClientCert", ", client_ca_file: junk.pem")}, *BOTH,
            {"write": clients("RequireAndVerifyClientCert", "")}, *BOTH,
        ],
    ),
    "allowed names": (
        clients("RequireAndVerifyClientCert"),
        [
            step
            for names in ("client.example", "who@example.org", "127.0.0.7", "a, client.example")
            for step in (
                {"write": clients(
                    "RequireAndVerifyClientCert",
                    f", client_ca_file: ca.pem, client_allowed_sans: [{names}]",
                )},
                secured(certificate=True),
            )
        ],
    ),
    "refused names": (
        clients("RequireAndVerifyClientCert"),
        [
            step
            for names in ("foo", "", "example.org", "CLIENT.example")
            for step in (
                {"write": clients(
                    "RequireAndVerifyClientCert",
                    f", client_ca_file: ca.pem, client_allowed_sans: [{names}]",
                )},
                secured(certificate=True),
            )
        ],
    ),
    "names where no certificate came": (
        clients("VerifyClientCertIfGiven", ", client_ca_file: ca.pem, client_allowed_sans: [foo]"),
        [secured()],
    ),
}  # fmt: skip

DIFFERS: dict[str, str] = {
    "any client certificate": "the ssl module cannot take certificates without checking them",
    "any client certificate, old name": "as above",
    "unverified names": "as above",
    "two curves": "the ssl module sets one curve",
    "refused names": "the ssl module cannot send an alert of ours: the connection just ends",
}
