"""Whether an HTTP client can be built (Upstream: common config/http_config.go)."""

from __future__ import annotations

import ssl
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from amp.errors import ConfigError
from amp.fields.http import JWT_BEARER

if TYPE_CHECKING:
    from amp.fields.http import HttpConfig
    from amp.fields.tls import TlsConfig

MAX_FILE_BYTES = 16 << 20
_NO_MANAGER = "cannot use secret ref without manager"


def check_client(config: HttpConfig) -> None:
    """Refuses TLS material that does not work and references to a secret manager."""
    check_tls(config.tls_config)
    if config.authorization is not None:
        _check_reference(config.authorization.credentials_ref, "credentials")
    if config.basic_auth is not None:
        _check_reference(config.basic_auth.username_ref, "username")
        _check_reference(config.basic_auth.password_ref, "password")
    oauth2 = config.oauth2
    if oauth2 is None:
        return
    if oauth2.grant_type == JWT_BEARER:
        _check_reference(oauth2.client_certificate_key_ref, "client certificate")
    else:
        _check_reference(oauth2.client_secret_ref, "client secret")


def check_tls(config: TlsConfig) -> None:
    """Refuses versions in the wrong order, and certificates and keys that cannot be used."""
    if config.min_version and config.max_version and config.max_version < config.min_version:
        raise ConfigError(
            "tls_config.max_version must be greater than or equal to tls_config.min_version if"
            " both are specified"
        )
    _check_reference(config.ca_ref, "CA cert")
    if config.ca or config.ca_file:
        _check_authority(config)
    if not (config.cert or config.cert_file or config.cert_ref):
        return
    _check_reference(config.cert_ref, "client cert")
    _check_reference(config.key_ref, "client key")
    certificate = _read(config.cert, config.cert_file, "read specified client cert")
    key = _read(config.key.reveal(), config.key_file, "read specified client key")
    reason = _pair_failure(certificate, key)
    if reason is not None:
        raise ConfigError(
            f"unable to use specified client cert ({_described(config.cert_file)}) & key"
            f" ({_described(config.key_file)}): tls: {reason}"
        )


def read_file(path: str) -> str:
    """The text of a file; ConfigError with Go's reason when it cannot be read."""
    try:
        with Path(path).open("rb") as file:
            raw = file.read(MAX_FILE_BYTES + 1)
    except IsADirectoryError:
        raise ConfigError(f"read {path}: is a directory") from None
    except OSError as error:
        raise ConfigError(f"open {path}: {(error.strerror or str(error)).lower()}") from None
    if len(raw) > MAX_FILE_BYTES:
        raise ConfigError(f"read {path}: larger than {MAX_FILE_BYTES} bytes")
    return raw.decode(errors="replace")


def _check_reference(reference: str, what: str) -> None:
    if reference:
        raise ConfigError(f"unable to use {what}: {_NO_MANAGER}")


def _check_authority(config: TlsConfig) -> None:
    text = _read(config.ca, config.ca_file, "read CA cert")
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=text)
    except (ssl.SSLError, ValueError):
        raise ConfigError(f"unable to use specified CA cert {_described(config.ca_file)}") from None


def _read(inline: str, path: str, what: str) -> str:
    if not path:
        return inline
    try:
        return read_file(path)
    except ConfigError as error:
        raise ConfigError(f"unable to {what}: unable to read file {path}: {error.cause}") from None


def _described(path: str) -> str:
    return f"file {path}" if path else "inline"


def _pair_failure(certificate: str, key: str) -> str | None:
    """Why the two are no pair (Go: tls.X509KeyPair), None when they are one."""
    if "-----BEGIN CERTIFICATE-----" not in certificate:
        return "failed to find any PEM data in certificate input"
    if "-----BEGIN " not in key:
        return "failed to find any PEM data in key input"
    with tempfile.TemporaryDirectory() as folder:
        certfile, keyfile = Path(folder) / "certificate", Path(folder) / "key"
        for file, text in ((certfile, certificate), (keyfile, key)):
            file.touch(mode=0o600)
            file.write_text(text, encoding="utf-8")
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(certfile, keyfile, password="")
        except ssl.SSLError as error:
            if error.reason == "KEY_VALUES_MISMATCH":
                return "private key does not match public key"
            return "failed to parse private key"
    return None
