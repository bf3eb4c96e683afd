"""Reads and writes case files: what a receiver is told, and what the reference sends then.

`cases/<name>.yaml` is a list. Of each case a person writes

    name, covers        what it holds (`covers`: keys of tests/vectors/catalogue.yaml)
    source              `documentation` where the reference has no such integration: the case is not
                        recorded, what it expects was held against the service's documentation
    receiver            the receiver's integrations, one in all: {slack_configs: [{...}]}
    global, templates, files, group_by, environment     optional; all but the first and `group_by`
                        are {name: text}
    secrets             AWS secret keys by key id: requests are shown as signature.py says
    answers             the service's answers by URL (tests/service.py); absent: an empty 200
    steps               each with `alerts` (a name of alerts.py, or alerts), `silent: true` where
                        nothing is sent, `files` written before it, `differs` (and `why`): our
                        error, where it has other words, `differs_reason`: our reason

and `record.py` adds to each step

    requests            method, url, headers, body (long ones as size and digest)
    logged              what the integration warned about: level, msg and its own attributes
    error, retry, reason    why it failed, whether another attempt follows, the metric's reason
    repeated            that the reference's library for AWS sent a request more than once

HERE is the service's address, CLOSED one where nobody listens, FOLDER the folder of the files and
of authority.pem, the certificate of the service (AUTHORITY in files), which is also a proxy
(`proxy_url: http://HERE`) for hosts that cannot be changed.
"""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from receivers import signature
from receivers.alerts import SETS

if TYPE_CHECKING:
    from service import Arrived, Service

CASES = Path(__file__).parent / "cases"
SHOWN_BYTES = 6000
EXTERNAL_URL = "http://am.example"
RECORDED = ("requests", "logged", "error", "retry", "reason", "repeated")
RECEIVER = "team"
_ESCAPED = re.compile("[\x7f-\x9f\u2028\u2029\ufeff]")
EVERYWHERE = frozenset({"time", "source", "receiver", "integration"})


def load(path: Path) -> list[dict[str, Any]]:
    """The cases of a file."""
    cases: list[dict[str, Any]] = yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader)
    return cases


def configuration(case: dict[str, Any], service: Service) -> str:
    """The configuration of a case, as JSON; writes its files."""
    write_files({**case.get("files", {}), **case.get("templates", {})}, service)
    route = {"receiver": RECEIVER, "group_wait": "300ms", "group_interval": "1s"}
    whole = {
        "global": case.get("global", {}),
        "templates": [f"FOLDER/{name}" for name in case.get("templates", {})],
        "route": route | {"group_by": case.get("group_by", ["alertname"])},
        "receivers": [{"name": RECEIVER} | ({} if documented(case) else case["receiver"])],
    }
    # YAML has no pairs of surrogates, and no such characters but as escapes.
    text = json.dumps(whole, ensure_ascii=False)
    text = _ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
    return service.fill(text)


def documented(case: dict[str, Any]) -> bool:
    """Whether it is a case of an integration that the reference does not have."""
    return case.get("source") == "documentation"


def own(case: dict[str, Any], service: Service) -> str:
    """What `amp.yml` has in a case, as JSON; nothing unless it is of AMP's own integrations."""
    if not documented(case):
        return "{}"
    return service.fill(json.dumps({"receivers": [{"name": RECEIVER} | case["receiver"]]}))


def write_files(files: dict[str, str], service: Service) -> None:
    """Writes files into the service's folder."""
    authority = service.authority.cert_pem.bytes().decode()
    for name, text in files.items():
        text = text.replace("AUTHORITY", authority)
        (service.folder / name).write_text(service.fill(text), encoding="utf-8")


def alerts(step: dict[str, Any], service: Service) -> list[dict[str, Any]]:
    """The alerts that a step posts; writes the step's files."""
    write_files(step.get("files", {}), service)
    told = step["alerts"]
    return SETS[told] if isinstance(told, str) else told


def warning(line: dict[str, Any]) -> dict[str, Any] | None:
    """What a line of a log warns about, without what every line has; None if it does not."""
    if line["level"] not in ("WARN", "ERROR"):
        return None
    return {name: value for name, value in line.items() if name not in EVERYWHERE}


def environment(case: dict[str, Any], service: Service) -> dict[str, str]:
    """The variables of a case."""
    return {name: service.fill(text) for name, text in case.get("environment", {}).items()}


def request(arrived: Arrived, case: dict[str, Any], service: Service) -> dict[str, Any]:
    """A request in the shape of the files."""
    headers, body = dict(arrived.headers), arrived.body
    if "secrets" in case:
        headers, body = signature.shaped(arrived, case["secrets"], service.fill)
    shown: Any = body
    if len(body) > SHOWN_BYTES:
        digest = hashlib.sha256(body.encode()).hexdigest()
        shown = {"characters": len(body), "sha256": digest}
    headers.pop("Accept-Encoding", None)
    return {"method": arrived.method, "url": arrived.url, "headers": headers, "body": shown}


class _Dumper(yaml.SafeDumper):
    """Texts of several lines as blocks, without references."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style)


_Dumper.add_representer(str, _text)


def dump(cases: list[dict[str, Any]]) -> str:
    """Cases as YAML."""
    text: str = yaml.dump(cases, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100_000)
    return text


def save(path: Path, cases: list[dict[str, Any]]) -> None:
    """Writes the cases back."""
    path.write_text(dump(cases), encoding="utf-8")
