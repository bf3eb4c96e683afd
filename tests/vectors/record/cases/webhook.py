"""Webhook configurations and the answers their server gives.

HERE is the server (127.0.0.1 and a port), OTHER the same under another name, CLOSED a port nobody
listens on, FOLDER the configuration's folder.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
OK = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


@dataclass(frozen=True)
class Case:
    """One webhook. Answers are raw, by path; the default is an empty 200, none at all hangs.

    Attributes:
        differs: our error where its words are not the reference's.
    """

    name: str
    covers: str
    webhook: dict[str, Any]
    answers: dict[str, str | None] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    differs: str | None = None


def answer(status: str, body: str = "", **headers: str) -> str:
    """A raw answer."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body.encode())}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", body])


def to(**http_config: Any) -> dict[str, Any]:
    """A webhook with an http_config."""
    return {"url": "http://HERE/", "http_config": http_config}


def statuses() -> list[Case]:
    """What answers lead to."""
    cases = []
    for status, body in (
        ("200 OK", "fine"),
        ("204 No Content", ""),
        ("299 x", ""),
        ("300 x", "choose"),
        ("302 Found", "no location"),
        ("400 Bad Request", ""),
        ("401 Unauthorized", "who"),
        ("403 Forbidden", "no\nway\n"),
        ("404 Not Found", "<b>ü</b>"),
        ("429 Too Many Requests", "slow"),
        ("500 Internal Server Error", "oops"),
        ("503 x", ""),
        ("600 x", "what"),
    ):
        given = (
            answer(status, body) if not status.startswith("204") else f"HTTP/1.1 {status}\r\n\r\n"
        )
        cases.append(
            Case(
                f"status {status[:3]}",
                "receivers 0.2 status",
                {"url": "http://HERE/"},
                {"/": given},
            )
        )
    return cases


def requests() -> list[Case]:
    """What a request looks like."""
    query = "?x=1&y=ü&z=a+b#frag"
    headers = {
        "x-foo": {"values": ["a", "b"], "secrets": ["c"], "files": ["FOLDER/header"]},
        "ACCEPT": {"values": ["x"]},
    }
    userinfo = "http://us%20er:p%40w@HERE/"
    basic = {"username": "u", "password": "p"}
    files = {"username_file": "FOLDER/name", "password_file": "FOLDER/word"}
    return [
        Case("plain", "config 3.5 request", {"url": "http://HERE"}),
        Case("path and query", "config 3.5 request", {"url": f"http://HERE/a b/%2f{query}"}),
        Case("escaped bytes", "config 3.5 request", {"url": "http://HERE/ü/'(x)*[y]|\"?q='\"<>"}),
        Case("basic auth", "config 3.5 authorization", to(basic_auth=basic)),
        Case(
            "basic auth from files",
            "config 3.5 authorization",
            to(basic_auth=files),
            files={"name": " user\n", "word": "\npa ss \n"},
        ),
        Case(
            "basic auth without password",
            "config 3.5 authorization",
            to(basic_auth={"username": "ü"}),
        ),
        Case("basic auth, file missing", "config 3.5 authorization", to(basic_auth=files)),
        Case("authorization", "config 3.5 authorization", to(authorization={"credentials": "tok"})),
        Case(
            "authorization type",
            "config 3.5 authorization",
            to(authorization={"type": " ApiKey ", "credentials": " a b "}),
        ),
        Case("authorization without credentials", "config 3.5 authorization", to(authorization={})),
        Case(
            "credentials file",
            "config 3.5 authorization",
            to(authorization={"credentials_file": "FOLDER/token"}),
            files={"token": "tok\n\n"},
        ),
        Case(
            "credentials file missing",
            "config 3.5 authorization",
            to(authorization={"credentials_file": "FOLDER/none"}),
        ),
        Case("bearer token", "config 3.5 authorization", to(bearer_token="abc")),
        Case("user information", "config 3.5 request", {"url": userinfo}),
        Case(
            "user information and basic auth",
            "config 3.5 request",
            {"url": userinfo, "http_config": {"basic_auth": basic}},
        ),
        Case(
            "http headers",
            "config 3.5 headers",
            to(http_headers=headers),
            files={"header": " from file\n"},
        ),
        Case(
            "http header value", "config 3.5 headers", to(http_headers={"X": {"values": ["a\nb"]}})
        ),
        Case("http header name", "config 3.5 headers", to(http_headers={"X A": {"values": ["a"]}})),
        Case("http header file missing", "config 3.5 headers", to(http_headers=headers)),
    ]


def redirects() -> list[Case]:
    """Where redirects lead, and what goes along."""
    auth = {"basic_auth": {"username": "u", "password": "p"}}
    header = {"http_headers": {"X-Own": {"values": ["v"]}}}
    cases = []
    for code in (301, 302, 303, 307, 308):
        moved = {"/": answer(f"{code} Moved", "x", Location="/new?a=b")}
        cases.append(Case(f"redirect {code}", "config 3.5 redirects", to(**auth, **header), moved))
        away = {"/": answer(f"{code} Moved", Location="http://OTHER/away")}
        cases.append(
            Case(
                f"redirect {code} to another host",
                "config 3.5 redirects",
                to(**auth, **header),
                away,
            )
        )
    back = {
        "/": answer("307 x", Location="http://OTHER/away"),
        "/away": answer("307 x", Location="http://HERE/back"),
    }
    return [
        *cases,
        Case("redirect there and back", "config 3.5 redirects", to(**auth), back),
        Case(
            "redirect loop", "config 3.5 redirects", to(), {"/": answer("302 Found", Location="/")}
        ),
        Case(
            "redirects not followed",
            "config 3.5 redirects",
            to(follow_redirects=False),
            {"/": answer("307 x", "moved", Location="/new")},
        ),
        Case(
            "redirect to another scheme",
            "config 3.5 redirects",
            to(),
            {"/": answer("307 x", Location="ftp://HERE/x")},
        ),
        Case(
            "redirect to what is no URL",
            "config 3.5 redirects",
            to(),
            {"/": answer("307 x", Location="http://a:b:c/%zz")},
        ),
        Case(
            "redirect with user information",
            "config 3.5 redirects",
            {"url": "http://us:pw@HERE/"},
            {
                "/": answer("307 x", Location="/new"),
                "/new": answer("302 x", Location="http://a:b@HERE/2"),
            },
        ),
        Case(
            "redirect, relative path",
            "config 3.5 redirects",
            {"url": "http://HERE/a/b/c?d"},
            {"/a/b/c?d": answer("307 x", Location="../e?f#g")},
        ),
    ]


def failures() -> list[Case]:
    """Requests without an answer."""
    here = {"url": "http://HERE/"}
    return [
        Case("connection refused", "receivers 0.1 errors", {"url": "http://CLOSED/"}),
        Case("no HTTP", "receivers 0.1 errors", {"url": "http://HERE/"}, {"/": "hello\r\n\r\n"}),
        Case("hangs up", "receivers 0.1 errors", {"url": "http://HERE/"}, {"/": ""}),
        Case(
            "short body",
            "receivers 0.1 errors",
            {"url": "http://HERE/"},
            {"/": "HTTP/1.1 404 x\r\nContent-Length: 9\r\nConnection: close\r\n\r\nshort"},
        ),
        Case("timeout", "receivers 17 timeout", here | {"timeout": "150ms"}, {"/": None}),
        Case(
            "timeout 1.5s",
            "receivers 17 timeout",
            here | {"timeout": "1.5s"},
            {"/": None},
        ),
        Case("not TLS", "receivers 0.1 errors", {"url": "https://HERE/"}),
        Case(
            "versions that exclude each other",
            "config 3.5 tls",
            {"url": "https://HERE/", "http_config": {"tls_config": {"max_version": "TLS11"}}},
        ),
        Case("url empty after templating", "receivers 17 url", {"url": "{{ `` }}"}),
        Case(
            "url templated",
            "receivers 17 url",
            {"url": "http://HERE/{{ .CommonLabels.alertname }}"},
        ),
        Case("url without scheme", "receivers 17 url", {"url": "{{ `a b` }}"}),
        Case("url with another scheme", "receivers 17 url", {"url": "{{ `ftp://x` }}"}),
        Case("url that does not parse", "receivers 17 url", {"url": "{{ `http://x:y:z/%zz` }}"}),
        Case("url without host", "receivers 17 url", {"url": "{{ `http:///x` }}"}),
        Case("url template fails", "receivers 17 url", {"url": "{{ template `none` . }}"}),
        Case(
            "url file",
            "receivers 17 url",
            {"url_file": "FOLDER/url"},
            files={"url": " http://HERE/f \n"},
        ),
        Case(
            "url file templated",
            "receivers 17 url",
            {"url_file": "FOLDER/url"},
            files={"url": "http://HERE/{{ .Receiver | toUpper }}"},
        ),
        Case("url file missing", "receivers 17 url", {"url_file": "FOLDER/none"}),
    ]


def proxies() -> list[Case]:
    """What goes to a proxy."""
    away = "http://receiver.invalid/hook"
    secret = "https://receiver.invalid/hook"
    extra = {"proxy_connect_header": {"x-a": ["1", "2"], "Proxy-Thing": ["p"]}}
    refuse = {"receiver.invalid:443": answer("403 Not For You", "body")}

    def via(url: str, proxy: str, **more: Any) -> dict[str, Any]:
        return {"url": url, "http_config": {"proxy_url": proxy, **more}}

    return [
        Case("proxy", "config 3.5 proxy", via(away, "http://HERE")),
        Case("proxy with user", "config 3.5 proxy", via(away, "http://us:p%40w@HERE/", **extra)),
        Case("proxy refuses tunnel", "config 3.5 proxy", via(secret, "http://HERE"), refuse),
        Case(
            "tunnel with user and headers",
            "config 3.5 proxy",
            via(secret, "http://us:pw@HERE", **extra),
            refuse,
        ),
        Case("proxy away", "config 3.5 proxy", via(away, "http://CLOSED")),
        Case(
            "no proxy",
            "config 3.5 proxy",
            via("http://HERE/direct", "http://CLOSED", no_proxy="x,127.0.0.0/8"),
        ),
        Case("proxy for socks away", "config 3.5 proxy", via(away, "socks5://CLOSED")),
        Case("proxy without scheme known", "config 3.5 proxy", via(away, "foo://HERE")),
        Case(
            "proxy answers 407",
            "config 3.5 proxy",
            via(away, "http://HERE"),
            {away: answer("407 Proxy Authentication Required", "who")},
        ),
    ]


def tokens() -> list[Case]:
    """OAuth 2."""
    base = {"client_id": "me:1", "client_secret": "s/1", "token_url": "http://HERE/token?x=y"}
    good = answer(
        "200 OK",
        '{"access_token": "tok", "token_type": "bearer", "expires_in": 3600}',
        Content_Type="application/json",
    )

    def case(name: str, given: str, **more: Any) -> Case:
        return Case(name, "config 3.5 oauth2", to(oauth2=base | more), {"/token?x=y": given})

    form = "access_token=tok2&token_type=MAC&expires_in=10"
    return [
        case("oauth2", good),
        case(
            "oauth2 with scopes and parameters",
            good,
            scopes=["a", "b c"],
            endpoint_params={"aud": "ü&", "grant_type": "other"},
        ),
        case(
            "oauth2 answered as a form",
            answer("200 OK", form, Content_Type="application/x-www-form-urlencoded"),
        ),
        case("oauth2 refused", answer("401 Unauthorized", '{"error": "invalid_client"}')),
        case(
            "oauth2 error as JSON",
            answer(
                "400 Bad Request",
                '{"error": "invalid_scope", "error_description": "no", "error_uri": "u"}',
                Content_Type="application/json",
            ),
        ),
        case("oauth2 without token", answer("200 OK", "{}", Content_Type="application/json")),
        Case(
            "oauth2 no JSON",
            "config 3.5 oauth2",
            to(oauth2=base),
            {"/token?x=y": answer("200 OK", "hello", Content_Type="application/json")},
            differs='Post "<redacted>": oauth2: cannot parse json: the answer is no JSON object',
        ),
        case("oauth2 endpoint is no URL", good, token_url="::"),
        case("oauth2 CA missing", good, tls_config={"ca_file": "FOLDER/none"}),
        Case(
            "oauth2 secret file missing",
            "config 3.5 oauth2",
            to(
                oauth2={
                    "client_id": "a",
                    "client_secret_file": "FOLDER/x",
                    "token_url": "http://HERE",
                }
            ),
        ),
        Case(
            "oauth2 assertion without key",
            "config 3.5 oauth2",
            to(oauth2={"client_id": "a", "token_url": "http://HERE", "grant_type": JWT_BEARER}),
        ),
        Case(
            "oauth2 endpoint away",
            "config 3.5 oauth2",
            to(oauth2=base | {"token_url": "http://CLOSED/token"}),
        ),
        Case(
            "oauth2 secret file",
            "config 3.5 oauth2",
            to(
                oauth2={
                    "client_id": "me",
                    "client_secret_file": "FOLDER/secret",
                    "token_url": "http://HERE/token",
                }
            ),
            {"/token": good},
            {"secret": "se cret\n"},
        ),
    ]


def all_cases() -> list[Case]:
    """Every case."""
    return [*statuses(), *requests(), *redirects(), *failures(), *proxies(), *tokens()]
