"""Mail (Upstream: notify/email)."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from amp.fields.codec import (
    Flag,
    MapOf,
    SecretText,
    Text,
)
from amp.fields.global_config import HOST_PORT
from amp.fields.hostport import HostPort
from amp.fields.http import canonical_header
from amp.fields.quote import quote
from amp.fields.secret import Secret
from amp.fields.struct import Struct, StructOf, entry, refused
from amp.fields.tls import TlsConfig

if TYPE_CHECKING:
    from typing import Self

    from amp.fields.global_config import GlobalConfig
    from amp.fields.hostport import HostPort
    from amp.fields.secret import Secret


@dataclass(frozen=True, slots=True)
class Threading(Struct):
    """Whether mails of a group form a thread, `none` or `daily` by date."""

    GO = "config.ThreadingConfig"

    enabled: bool = entry(Flag())
    thread_by_date: str = entry(Text())


@dataclass(frozen=True, slots=True)
class Config(Struct):
    """One entry of `email_configs`; None means that `global` decides."""

    GO = "config.plain"

    send_resolved: bool = entry(Flag(), default=False, keep=True)
    to: str = entry(Text())
    from_address: str = entry(Text(), name="from")
    hello: str = entry(Text())
    smarthost: HostPort = entry(HOST_PORT)
    auth_username: str = entry(Text())
    auth_password: Secret = entry(SecretText())
    auth_password_file: str = entry(Text())
    auth_secret: Secret = entry(SecretText())
    auth_secret_file: str = entry(Text())
    auth_identity: str = entry(Text())
    headers: dict[str, str] = entry(MapOf(Text(), "map[string]string"))
    html: str = entry(Text(), '{{ template "email.default.html" . }}')
    text: str = entry(Text())
    require_tls: bool | None = entry(Flag(optional=True))
    tls_config: TlsConfig | None = entry(StructOf(TlsConfig))
    force_implicit_tls: bool | None = entry(Flag(optional=True))
    threading: Threading = entry(StructOf(Threading, pointer=False))

    def checked(self) -> Self:
        """An address, and headers whose names differ in more than their case."""
        if not self.to:
            raise refused("missing to address in email config", "to")
        headers: dict[str, str] = {}
        for name, value in self.headers.items():
            normal = canonical_header(name)
            if normal in headers:
                raise refused(f"duplicate header {quote(normal)} in email config", "headers")
            headers[normal] = value
        self._check_threading(headers)
        return dataclasses.replace(self, headers=headers)

    def _check_threading(self, headers: dict[str, str]) -> None:
        if not self.threading.enabled:
            return
        for name in ("References", "In-Reply-To"):
            if name in headers:
                raise refused(
                    "conflicting configuration: threading.enabled conflicts with custom"
                    f" {name} header",
                    "threading",
                )
        if self.threading.thread_by_date not in ("none", "daily"):
            raise refused("threading.thread_by_date must be either 'none' or 'daily'", "threading")

    def inherit(self, defaults: GlobalConfig) -> Self:
        """The config with what it takes from `global`."""
        if not self.smarthost and not defaults.smtp_smarthost:
            raise refused("no global SMTP smarthost set", "smarthost")
        if not self.from_address and not defaults.smtp_from:
            raise refused("no global SMTP from set", "from")
        password = self if self.auth_password or self.auth_password_file else None
        secret = self if self.auth_secret or self.auth_secret_file else None
        return dataclasses.replace(
            self,
            smarthost=self.smarthost or defaults.smtp_smarthost,
            from_address=self.from_address or defaults.smtp_from,
            hello=self.hello or defaults.smtp_hello,
            auth_username=self.auth_username or defaults.smtp_auth_username,
            auth_password=self.auth_password if password else defaults.smtp_auth_password,
            auth_password_file=(
                self.auth_password_file if password else defaults.smtp_auth_password_file
            ),
            auth_secret=self.auth_secret if secret else defaults.smtp_auth_secret,
            auth_secret_file=self.auth_secret_file if secret else defaults.smtp_auth_secret_file,
            auth_identity=self.auth_identity or defaults.smtp_auth_identity,
            require_tls=_first(self.require_tls, defaults.smtp_require_tls),
            tls_config=_first(self.tls_config, defaults.smtp_tls_config),
            force_implicit_tls=_first(self.force_implicit_tls, defaults.smtp_force_implicit_tls),
        )

    def with_standard_headers(self) -> Self:
        """The config with the headers that every mail has, as upstream's dump shows them."""
        standard = {
            "Subject": '{{ template "email.default.subject" . }}',
            "To": self.to,
            "From": self.from_address,
        }
        return dataclasses.replace(self, headers=standard | self.headers)


def _first(own: Any, shared: Any) -> Any:
    return shared if own is None else own
