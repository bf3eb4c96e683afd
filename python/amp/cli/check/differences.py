"""The lines of docs/differences.md that count for what was looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from amp.fields.http import HttpConfig

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from amp.cli.check.blocks import Block
    from amp.config.schema import Config
    from amp.options import Options

OLD_TLS = ("TLS10", "TLS11")


@dataclass(frozen=True, slots=True)
class Looked:
    """What the differences are judged by.

    Attributes:
        reached: the integrations of receivers that a route names.
        named: the server's flags that were given.
        null_http_config: whether `global` says `http_config: null`.
    """

    config: Config
    reached: list[Block]
    options: Options
    named: set[str]
    null_http_config: bool

    def has(self, kind: str) -> bool:
        """Whether a route reaches an integration of this type."""
        return any(block.kind == kind for block in self.reached)

    def clients(self) -> Iterator[HttpConfig]:
        """The HTTP clients of the integrations that routes reach."""
        for block in self.reached:
            http = getattr(block.config, "http_config", None)
            if isinstance(http, HttpConfig):
                yield http

    def any_client(self, test: Callable[[HttpConfig], Any]) -> bool:
        """Whether one of them is so."""
        return any(test(http) for http in self.clients())


def _old_tls(looked: Looked) -> bool:
    mails = [block.config for block in looked.reached if block.kind == "email"]
    return looked.any_client(lambda http: http.tls_config.min_version in OLD_TLS) or any(
        mail.tls_config is not None and mail.tls_config.min_version in OLD_TLS for mail in mails
    )


def _negative_days(looked: Looked) -> bool:
    root = looked.config.root
    return any(
        days.startswith("-")
        for named in (*root.mute_time_intervals, *root.time_intervals)
        for interval in named.time_intervals
        for days in interval.days_of_month or ()
    )


def _kafka_server_name(looked: Looked) -> bool:
    recorder = looked.config.root.event_recorder
    return recorder is not None and any(
        output.tls_config is not None and output.tls_config.server_name
        for output in recorder.kafka_outputs
    )


def mixed_mail_secret(looked: Looked) -> bool:
    """Whether a mail receiver has its own secret beside the file of `global`."""
    defaults = looked.config.global_config
    return bool(defaults.smtp_auth_secret_file) and any(
        block.kind == "email" and bool(block.config.auth_secret) for block in looked.reached
    )


def _reaches(kind: str) -> Callable[[Looked], bool]:
    return lambda looked: looked.has(kind)


@dataclass(frozen=True, slots=True)
class Difference:
    """One line.

    Attributes:
        section: the heading of docs/differences.md under which it stands.
        phrase: words of that line, by which a test finds it.
        applies: whether it counts.
    """

    section: str
    phrase: str
    text: str
    applies: Callable[[Looked], Any]


_KINDS = (
    (
        "email",
        "A mail whose header",
        "a mail whose header or text does not render is not sent, not even without it",
    ),
    ("slack", "A Slack text", "a text whose template fails is left out whole, with a warning"),
    ("webex", "A Webex room", "a room whose template fails is left out whole, with a warning"),
    ("telegram", "Telegram: errors", "errors do not show the address, which holds the bot's token"),
    ("opsgenie", "Opsgenie: the request", "the request that updates a message ends with the flush"),
    (
        "wechat",
        "WeChat: a secret",
        "a secret or corporation whose template fails ends the delivery",
    ),
    (
        "sns",
        "SNS: an attempt",
        "an attempt is one request; sessions of roles and errors have words of their own",
    ),
)

DIFFERENCES = (
    Difference(
        "Delivery",
        "`enable_http2` is accepted",
        "receivers are spoken to in HTTP/1.1 only; enable_http2 has no effect",
        lambda looked: looked.any_client(lambda http: http.enable_http2),
    ),
    Difference(
        "Delivery",
        "At most 512 requests",
        "at most --amp.deliveries-per-destination (512) requests go to one destination at once",
        lambda looked: looked.reached,
    ),
    Difference(
        "Delivery",
        "OpenSSL's security level is lowered",
        "min_version TLS10 or TLS11 lowers OpenSSL's security level for that client",
        _old_tls,
    ),
    Difference(
        "Delivery",
        "OAuth 2 token endpoints",
        "requests to OAuth 2 token endpoints do not ask for compressed answers",
        lambda looked: looked.any_client(lambda http: http.oauth2),
    ),
    Difference(
        "Delivery",
        "names itself `Alertmanager/0.34.2`",
        "CONNECT requests to a proxy name themselves Alertmanager/0.34.2",
        lambda looked: looked.any_client(
            lambda http: http.proxy_url or http.proxy_from_environment
        ),
    ),
    *(
        Difference("Delivery", phrase, f"{kind}: {text}", _reaches(kind))
        for kind, phrase, text in _KINDS
    ),
    Difference(
        "Templates",
        "`email.default.html` rendered as plain text",
        "email.default.html as plain text lacks the comment at its beginning",
        lambda looked: any(
            block.kind == "email" and "email.default.html" in block.config.text
            for block in looked.reached
        ),
    ),
    Difference(
        "Matchers and routes",
        "negative days of a month",
        "negative days of a month count by the calendar where clocks change",
        _negative_days,
    ),
    Difference(
        "Configuration",
        "`http_config: null`",
        "http_config: null in global counts as not given; Alertmanager crashes at a receiver",
        lambda looked: looked.null_http_config,
    ),
    Difference(
        "Configuration",
        "A mail receiver's own secret",
        "a mail receiver's own auth_secret wins over the file of global",
        mixed_mail_secret,
    ),
    Difference(
        "Configuration",
        "AMP's own settings are in `amp.yml`",
        "amp.yml adds integrations that Alertmanager does not have",
        lambda looked: looked.config.own.receivers,
    ),
    Difference(
        "Event recorder",
        "bounded by its size (64 MiB)",
        "events that wait are bounded by their size (64 MiB); at the end they have four seconds",
        lambda looked: looked.config.root.event_recorder is not None,
    ),
    Difference(
        "Event recorder",
        "`server_name` of its `tls_config` is not supported",
        "a Kafka output whose tls_config has a server_name is not made",
        _kafka_server_name,
    ),
    Difference(
        "Web configuration",
        "HTTP/1.1 only",
        "HTTP/1.1 only, and what Python's ssl cannot do is refused",
        lambda looked: looked.options.web_config_file,
    ),
    Difference(
        "Command line",
        "`--auto-gomemlimit.ratio`",
        "--auto-gomemlimit.ratio and the feature auto-gomemlimit have no effect",
        lambda looked: (
            "auto-gomemlimit.ratio" in looked.named or "auto-gomemlimit" in looked.options.features
        ),
    ),
    Difference(
        "Storage",
        "or PostgreSQL",
        "the state is in PostgreSQL; the files nflog and silences are written besides",
        lambda looked: looked.options.database_url or looked.config.own.database_url,
    ),
)


def differences(looked: Looked) -> list[dict[str, str]]:
    """Those that count, as data."""
    return [
        {"section": one.section, "text": one.text} for one in DIFFERENCES if one.applies(looked)
    ]
