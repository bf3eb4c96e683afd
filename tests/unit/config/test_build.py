"""Failures that show when clients are built."""

import subprocess
from pathlib import Path

import pytest

import amp
from amp.config.build import check_buildable
from amp.errors import ConfigError


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a certificate, its key, another key and a text that is neither."""
    folder = tmp_path_factory.mktemp("pem")
    request = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=x"]
    for name in ("", "other-"):
        files = ["-keyout", f"{name}key", "-out", f"{name}cert"]
        subprocess.run([*request, *files], cwd=folder, check=True, capture_output=True)
    (folder / "text").write_text("nothing of use\n", encoding="utf-8")
    return folder


def failure(http_config: str, folder: Path) -> str | None:
    """What building says of a webhook with this http_config."""
    text = (
        "route: {receiver: r}\nreceivers:\n- name: r\n  webhook_configs:\n"
        f"  - url: http://h/\n    http_config: {http_config}\n"
        "- name: unused\n  webhook_configs:\n"
        "  - url: http://h/\n    http_config: {tls_config: {ca_file: gone}}\n"
    )
    try:
        check_buildable(amp.load_config(text, base_dir=folder))
    except ConfigError as error:
        return f"{error.key}: {error.cause}".replace(f"{folder}/", "")
    return None


@pytest.mark.parametrize(
    ("tls", "expected"),
    [
        ("{cert_file: cert, key_file: key, ca_file: cert}", None),
        ("{ca_file: text}", "unable to use specified CA cert file text"),
        (
            "{cert_file: cert, key_file: other-key}",
            "unable to use specified client cert (file cert) & key (file other-key):"
            " tls: private key does not match public key",
        ),
        (
            "{cert_file: text, key_file: key}",
            "unable to use specified client cert (file text) & key (file key):"
            " tls: failed to find any PEM data in certificate input",
        ),
        (
            "{cert_file: cert, key: x}",
            "unable to use specified client cert (file cert) & key (inline):"
            " tls: failed to find any PEM data in key input",
        ),
        (
            "{cert_file: cert, key_file: gone}",
            "unable to read specified client key: unable to read file gone:"
            " open gone: no such file or directory",
        ),
        ("{ca_ref: x}", "unable to use CA cert: cannot use secret ref without manager"),
        ("{min_version: TLS12, max_version: TLS12}", None),
    ],
)
def test_tls(tls: str, expected: str | None, pem: Path) -> None:
    found = failure(f"{{tls_config: {tls}}}", pem)
    assert found == (expected and f"receivers[0].webhook_configs[0]: {expected}")


def test_all_failures_of_a_receiver_are_told(tmp_path: Path) -> None:
    text = (
        "route: {receiver: r}\nreceivers:\n- name: r\n"
        "  rocketchat_configs: [{token_file: one, token_id_file: two}]\n"
        "  incidentio_configs: [{url: 'http://h', alert_source_token_file: three}]\n"
    )
    with pytest.raises(ConfigError) as caught:
        check_buildable(amp.load_config(text, base_dir=tmp_path))
    assert caught.value.cause == (
        "failed to read alert_source_token_file: open three: no such file or directory\n"
        "could not read one: open one: no such file or directory"
    )
