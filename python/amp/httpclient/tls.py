"""TLS contexts from `tls_config`.

Upstream: prometheus/common config/http_config.go NewTLSConfigWithContext, tlsRoundTripper.
"""

from __future__ import annotations

import asyncio
import os
import ssl
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from amp.errors import ConfigError
from amp.httpclient.failure import RequestError, system_text, tls_text
from amp.httpclient.files import WatchedFile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from amp.fields.tls import TlsConfig

VERSIONS = {
    "TLS10": ssl.TLSVersion.TLSv1,
    "TLS11": ssl.TLSVersion.TLSv1_1,
    "TLS12": ssl.TLSVersion.TLSv1_2,
    "TLS13": ssl.TLSVersion.TLSv1_3,
}
OLDEST_BY_DEFAULT = ssl.TLSVersion.TLSv1_2
CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20:ECDHE+AES:@SECLEVEL=1"
"""What Go offers by default: forward secrecy only; keys and digests as weak as Go accepts."""
OLD_CIPHERS = "ECDHE+AES:DHE+AES:AES:@SECLEVEL=0"
"""OpenSSL speaks TLS 1.0 and 1.1 on its lowest security level only."""
TOO_OLD_MAXIMUM = (
    "tls_config.max_version must be greater than or equal to tls_config.min_version if both are"
    " specified"
)
PARTIAL_CHAIN = 0x80000
"""X509_V_FLAG_PARTIAL_CHAIN: a certificate in the pool is trusted whoever signed it, as in Go."""

Material = tuple[bytes, bytes, bytes]


class Tls:
    """The context of one `tls_config`; built again when a file that it names has changed."""

    def __init__(self, config: TlsConfig) -> None:
        self._config = config
        self._ca = _source(config.ca, config.ca_file)
        self._cert = _source(config.cert, config.cert_file)
        self._key = _source(config.key.reveal(), config.key_file)
        self._material: Material | None = None
        self._context: ssl.SSLContext | None = None
        self._building = asyncio.Lock()

    @property
    def server_name(self) -> str | None:
        """The name for SNI and verification instead of the URL's host."""
        return self._config.server_name or None

    def check(self) -> None:
        """Tries to build the context when a configuration is loaded.

        Raises:
            ConfigError: with upstream's text for what can never work.
        """
        config = self._config
        refuse_reference(config.ca_ref, "CA cert")
        refuse_reference(config.cert_ref, "client cert")
        refuse_reference(config.key_ref, "client key")
        if config == type(config)():
            return
        try:
            material = self._read()
            if config.insecure_skip_verify or material[0]:
                self._context, self._material = _build(config, material), material
            else:
                _build(config, material, trust=False)
        except RequestError as error:
            raise ConfigError(str(error)) from None

    async def context(self) -> ssl.SSLContext:
        """The context for a connection now.

        Raises:
            RequestError: when a file cannot be read or used.
        """
        material = self._read()
        if self._context is None or material != self._material:
            async with self._building:
                if self._context is None or material != self._material:
                    # The system's certificates take longer to load than the loop may be held up.
                    self._context = await asyncio.to_thread(_build, self._config, material)
                    self._material = material
        return self._context

    def _read(self) -> Material:
        return (
            _content(self._ca, "CA cert"),
            _content(self._cert, "specified client cert"),
            _content(self._key, "specified client key"),
        )


def _source(text: str, file: str) -> bytes | WatchedFile:
    return WatchedFile(file) if file else text.encode()


def _content(source: bytes | WatchedFile, what: str) -> bytes:
    if isinstance(source, bytes):
        return source
    try:
        return source.read()
    except RequestError as error:
        raise RequestError(f"unable to read {what}: {error}") from None


def refuse_reference(reference: str, what: str) -> None:
    """Refuses a reference into a secret manager, which there is none, as upstream does."""
    if reference:
        raise ConfigError(f"unable to use {what}: cannot use secret ref without manager")


def _named(file: str) -> str:
    return f"file {file}" if file else "inline"


def _build(config: TlsConfig, material: Material, *, trust: bool = True) -> ssl.SSLContext:
    ca, cert, key = material
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.hostname_checks_common_name = False
    _versions(context, config)
    if config.insecure_skip_verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif ca:
        context.verify_flags |= ssl.VerifyFlags(PARTIAL_CHAIN)
    if ca:
        _load_ca(context, config, ca)
    elif trust and not config.insecure_skip_verify:
        context.load_default_certs()
    if cert:
        _load_certificate(context, config, cert, key)
    return context


def _versions(context: ssl.SSLContext, config: TlsConfig) -> None:
    oldest = VERSIONS.get(config.min_version, OLDEST_BY_DEFAULT)
    newest = VERSIONS.get(config.max_version, ssl.TLSVersion.TLSv1_3)
    if newest < oldest and config.min_version:
        raise RequestError(TOO_OLD_MAXIMUM)
    context.set_ciphers(CIPHERS if oldest >= OLDEST_BY_DEFAULT else OLD_CIPHERS)
    context.minimum_version = oldest
    context.maximum_version = newest


def _load_ca(context: ssl.SSLContext, config: TlsConfig, ca: bytes) -> None:
    try:
        context.load_verify_locations(cadata=ca.decode("ascii", "ignore"))
    except (ssl.SSLError, ValueError):
        raise RequestError(f"unable to use specified CA cert {_named(config.ca_file)}") from None


def _load_certificate(context: ssl.SSLContext, config: TlsConfig, cert: bytes, key: bytes) -> None:
    """Python takes client certificates from files only; these exist in memory, or but a moment."""
    cause = ""
    if b"-----BEGIN" not in cert:
        cause = "tls: failed to find any PEM data in certificate input"
    elif b"-----BEGIN" not in key:
        cause = "tls: failed to find any PEM data in key input"
    else:
        with as_file(cert + b"\n" + key) as name:
            try:
                context.load_cert_chain(name, password=lambda: "")
            except (ssl.SSLError, OSError) as error:
                cause = tls_text(error) if isinstance(error, ssl.SSLError) else system_text(error)
    if cause:
        raise RequestError(
            f"unable to use specified client cert ({_named(config.cert_file)}) & key"
            f" ({_named(config.key_file)}): {cause}"
        )


@contextmanager
def as_file(content: bytes) -> Iterator[str]:
    """A file with a secret, for as long as a library that reads only files needs it."""
    if hasattr(os, "memfd_create"):
        with os.fdopen(os.memfd_create("certificate"), "wb") as file:
            file.write(content)
            file.flush()
            yield f"/proc/self/fd/{file.fileno()}"
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "certificate"
        path.touch(mode=0o600)
        path.write_bytes(content)
        yield str(path)
