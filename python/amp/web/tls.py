"""The server's TLS context, made again when the file or a certificate changed.

Upstream: exporter-toolkit web/tls_config.go ConfigToTLSConfig, VerifyPeerCertificate.
"""

from __future__ import annotations

import ipaddress
import ssl
import warnings
from typing import TYPE_CHECKING, Any

from amp.errors import ConfigError
from amp.httpclient.files import WatchedFile
from amp.httpclient.tls import CIPHERS as DEFAULT_CIPHERS
from amp.httpclient.tls import OLDEST_BY_DEFAULT, PARTIAL_CHAIN, VERSIONS, as_file
from amp.web import pem
from amp.web.config import CIPHERS, CURVES, read_file

if TYPE_CHECKING:
    from amp.web.config import ServerTls, WebConfig, WebFile

    Material = tuple[bytes, bytes, bytes]

NEEDED_FOR_HTTP2 = (
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
)
NO_CIPHER = "PSK-AES128-GCM-SHA256"
"""Stands for no cipher up to TLS 1.2: there are no pre-shared keys, and OpenSSL insists on one."""
CLIENTS = {
    "": ssl.CERT_NONE,
    "NoClientCert": ssl.CERT_NONE,
    "RequestClientCert": ssl.CERT_NONE,
    "VerifyClientCertIfGiven": ssl.CERT_OPTIONAL,
    "RequireAndVerifyClientCert": ssl.CERT_REQUIRED,
}
"""A certificate that is asked for and not looked at decides nothing, so it is not asked for."""
UNVERIFIED = ("RequireAnyClientCert", "RequireClientCert")


class ServerContexts:
    """The TLS context for each new connection."""

    def __init__(self, file: WebFile) -> None:
        self._file = file
        self._config: ServerTls | None = None
        self._sources: tuple[bytes | WatchedFile, ...] = ()
        self._material: Material | None = None
        self._context: ssl.SSLContext | None = None

    def current(self) -> tuple[ssl.SSLContext, ServerTls]:
        """The context now, and what it was made from.

        Raises:
            ConfigError: with upstream's text, when something cannot be read or used.
        """
        config = self._file.read().tls_server_config
        if config != self._config:
            check_paths(config)
            self._sources = _sources(config)
            self._config, self._context = config, None
        material = _read(config, self._sources)
        if self._context is None or material != self._material:
            self._context = build(config, material)
            self._material = material
        return self._context, config


def check_start(config: WebConfig, file: WebFile) -> None:
    """What is refused at the start only.

    Raises:
        ConfigError: where Go's HTTP/2 refuses the ciphers.
    """
    tls = config.tls_server_config
    ServerContexts(file).current()
    suites = tls.cipher_suites
    if not config.http_server_config.http2 or not suites or tls.min_version == "TLS13":
        return
    if not any(suite in suites for suite in NEEDED_FOR_HTTP2):
        raise ConfigError(
            "http2: TLSConfig.CipherSuites is missing an HTTP/2-required AES_128_GCM_SHA256 cipher "
            f"(need at least one of {' or '.join(NEEDED_FOR_HTTP2)})"
        )


def check_paths(config: ServerTls) -> None:
    """Refuses an incomplete block.

    Raises:
        ConfigError: with upstream's text.
    """
    if not config.enabled:
        raise ConfigError("TLS config is not present")
    if not config.cert_file and not config.cert:
        raise ConfigError("missing one of cert or cert_file")
    if not config.key_file and not config.key:
        raise ConfigError("missing one of key or key_file")


def _sources(config: ServerTls) -> tuple[bytes | WatchedFile, ...]:
    return tuple(
        WatchedFile(file) if file else text.encode()
        for file, text in (
            (config.cert_file, config.cert),
            (config.key_file, config.key.reveal()),
            (config.client_ca_file, config.client_ca),
        )
    )


def _read(config: ServerTls, sources: tuple[bytes | WatchedFile, ...]) -> Material:
    certificate = _content(sources[0], f"failed to read cert_file ({config.cert_file}): ")
    key = _content(sources[1], f"failed to read key_file ({config.key_file}): ")
    return certificate, key, _content(sources[2], "")


def _content(source: bytes | WatchedFile, prefix: str) -> bytes:
    if isinstance(source, bytes):
        return source
    try:
        return read_file(source)
    except ConfigError as error:
        raise ConfigError(prefix + error.cause) from None


def build(config: ServerTls, material: Material) -> ssl.SSLContext:
    """A context of a block and the content of its files.

    Raises:
        ConfigError: with upstream's text, or ours for what cannot be served.
    """
    certificate, key, authorities = material
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
    _load(context, certificate, key)
    _limit(context, config)
    _curves(context, config)
    _clients(context, config, authorities)
    context.set_alpn_protocols(["http/1.1"])
    return context


def _load(context: ssl.SSLContext, certificate: bytes, key: bytes) -> None:
    try:
        pem.check_certificate(certificate)
        pem.check_key(key)
        _check_leaf(certificate)
        with as_file(certificate) as first, as_file(key) as second:
            context.load_cert_chain(first, second, password=lambda: "")
    except ssl.SSLError as error:
        raise ConfigError(f"failed to load X509KeyPair: {_pair_text(error)}") from None
    except ValueError as error:
        raise ConfigError(f"failed to load X509KeyPair: {error}") from None


def _check_leaf(certificate: bytes) -> None:
    leaf = pem.certificates(certificate)[0]
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_verify_locations(cadata=leaf)
    except ssl.SSLError:
        raise ValueError("x509: malformed certificate") from None


def _pair_text(error: ssl.SSLError) -> str:
    reason = error.reason or "failed to parse private key"
    if reason == "KEY_VALUES_MISMATCH":
        return "tls: private key does not match public key"
    if reason == "KEY_TYPE_MISMATCH":
        return "tls: private key type does not match public key type"
    return f"tls: {reason.replace('_', ' ').lower()}"


def _limit(context: ssl.SSLContext, config: ServerTls) -> None:
    """Versions and ciphers."""
    oldest = VERSIONS.get(config.min_version, OLDEST_BY_DEFAULT)
    newest = VERSIONS.get(config.max_version, ssl.TLSVersion.TLSv1_3)
    chosen = [CIPHERS[suite] for suite in config.cipher_suites if suite in CIPHERS]
    if config.cipher_suites and not chosen:
        chosen = [NO_CIPHER]
    level = "@SECLEVEL=1" if oldest >= OLDEST_BY_DEFAULT else "@SECLEVEL=0"
    context.set_ciphers(
        ":".join([*chosen, level]) if chosen else f"{DEFAULT_CIPHERS.rpartition(':')[0]}:{level}"
    )
    with warnings.catch_warnings():
        # Whoever names an old version has been told by the manual; Python need not repeat it.
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = oldest
        context.maximum_version = newest


def _curves(context: ssl.SSLContext, config: ServerTls) -> None:
    wanted = {curve for curve in config.curve_preferences if curve}
    if len(wanted) == 1:
        context.set_ecdh_curve(CURVES[wanted.pop()])
    elif wanted and wanted != set(CURVES):
        raise ConfigError(
            "curve_preferences: AMP can offer one curve or all of them, and was given"
            f" {len(wanted)}; name one, or leave the key out"
        )


def _clients(context: ssl.SSLContext, config: ServerTls, authorities: bytes) -> None:
    """Whose certificates are asked for and trusted."""
    kind = config.client_auth_type
    if kind not in CLIENTS and kind not in UNVERIFIED:
        raise ConfigError(f"invalid ClientAuth: {kind}")
    named = config.client_ca_file or config.client_ca
    if named and kind in ("", "NoClientCert"):
        raise ConfigError("client CA's have been configured without a Client Auth Policy")
    unverified = kind == "RequestClientCert" and config.client_allowed_sans is not None
    if kind in UNVERIFIED or unverified:
        raise ConfigError(
            f"client_auth_type: {kind} would take certificates that anybody can make, which AMP"
            " cannot; use RequireAndVerifyClientCert or VerifyClientCertIfGiven"
        )
    context.verify_mode = CLIENTS[kind]
    if context.verify_mode == ssl.CERT_NONE:
        return
    context.verify_flags |= ssl.VerifyFlags(PARTIAL_CHAIN)
    if not named:
        context.load_default_certs(ssl.Purpose.CLIENT_AUTH)
    for one in pem.certificates(authorities):
        try:
            context.load_verify_locations(cadata=one)
        except (ssl.SSLError, ValueError):
            continue  # Upstream takes what can be read, even nothing.


def refused_names(config: ServerTls, connection: ssl.SSLObject) -> str | None:
    """Why a connection's client may not come in for its certificate's names; None lets it in."""
    allowed = config.client_allowed_sans
    if allowed is None or config.client_auth_type in ("", "NoClientCert"):
        return None
    found: dict[str, Any] = connection.getpeercert() or {}
    if any(_shown(*name) in allowed for name in found.get("subjectAltName", ())):
        return None
    return f"could not find allowed SANs in client cert, found: [{' '.join(allowed)}]"


def _shown(kind: str, name: str) -> str | None:
    """An alternative name as upstream compares it; None for kinds that it does not know."""
    if kind in ("DNS", "email", "URI"):
        return name
    if kind != "IP Address":
        return None
    try:
        address = ipaddress.ip_address(name.strip())
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)
