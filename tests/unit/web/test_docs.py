"""The manual's example is one."""

from __future__ import annotations

import re
from pathlib import Path

from amp.web.config import check_users, read_web

TEXT = (Path(__file__).parents[3] / "docs" / "operations.md").read_text(encoding="utf-8")


def test_the_example_loads() -> None:
    example = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)[0]
    config = read_web(example, "/etc/alertmanager/web.yml")
    check_users(config, "web.yml")
    assert config.tls_server_config.cert_file == "/etc/alertmanager/server.pem"
    assert config.tls_server_config.client_allowed_sans == ("prometheus.example",)
    assert config.rate_limit.burst == 200
