"""The `alertmanager` command: upstream's name and flags, so that a unit file swaps unedited."""

from __future__ import annotations

import gc
import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from amp.cli.command_line.clause import BUILTIN, VERSION, Command, Flag, UsageError
from amp.cli.command_line.request import Reader, Request
from amp.cli.command_line.usage import terminal_width
from amp.cli.command_line.value import BOOLEAN, DURATION, TEXT, TEXTS, WHOLE, Value
from amp.cli.features import features
from amp.cli.version import version_text
from amp.errors import AmpError, FlagError
from amp.log import LEVELS, Logger
from amp.options import Options
from amp.signals import Signals

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def _ratio(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f'strconv.ParseFloat: parsing "{text}": invalid syntax') from None


def _level(text: str) -> str:
    if text.lower() not in LEVELS:
        raise ValueError(f"unrecognized log level {text}")
    return text.lower()


def _form(text: str) -> str:
    if text not in ("logfmt", "json"):
        raise ValueError(f"unrecognized log format {text}")
    return text


_RATIO, _LEVEL, _FORM = Value(_ratio), Value(_level), Value(_form)
PROGRAM = Command("alertmanager", "", flags=(
    *BUILTIN,
    Flag("config.file", "Configuration file.", TEXT, default="alertmanager.yml"),
    Flag("storage.path", "Folder of everything that is stored.", TEXT, default="data/"),
    Flag("data.retention", "How long ended silences and log entries live.", DURATION, default="120h"),
    Flag("data.maintenance-interval", "Period of garbage collection and snapshots.", DURATION, default="15m"),
    Flag("silences.max-silences", "Most silences, expired ones included; 0 is no limit.", WHOLE, default="0"),
    Flag("silences.max-silence-size-bytes", "Largest silence; 0 is no limit.", WHOLE, default="0"),
    Flag("silences.max-per-silence-bytes", "Another name of the flag above.", WHOLE, default="0"),
    Flag("log.silences", "Log each change of a silence.", BOOLEAN),
    Flag("alerts.gc-interval", "Period of dropping ended alerts.", DURATION, default="30m"),
    Flag("alerts.per-alertname-limit", "Most live alerts of one alertname; 0 is no limit.", WHOLE, default="0"),
    Flag("dispatch.maintenance-interval", "Period of removing empty groups.", DURATION, default="30s"),
    Flag("dispatch.start-delay", "No notification before this long after the start.", DURATION, default="0s"),
    Flag("web.systemd-socket", "Listen on the sockets that systemd passes.", BOOLEAN),
    Flag("web.listen-address", "Address to listen on.", TEXTS, default=":9093"),
    Flag("web.config.file", "File with TLS and authentication settings.", TEXT, default=""),
    Flag("web.external-url", "URL under which people reach this process.", TEXT),
    Flag("web.route-prefix", "Path prefix of all routes; default: the external URL's path.", TEXT),
    Flag("web.cors.origin", "Pattern of origins whose pages may call the API.", TEXT),
    Flag("web.get-concurrency", "Most GET requests at once; 0 is max(8, CPUs).", WHOLE, default="0"),
    Flag("web.timeout", "Longest time for one request; 0 is no limit.", DURATION, default="0"),
    Flag("auto-gomemlimit.ratio", "Accepted and without effect.", _RATIO, default="0.9"),
    Flag("cluster.listen-address", "Cluster address; empty means one replica.", TEXT, default="0.0.0.0:9094"),
    Flag("cluster.advertise-address", "Address shown to peers.", TEXT),
    Flag("cluster.peer-name", "Name of this replica.", TEXT, default=""),
    Flag("cluster.peer", "Other replicas.", TEXTS),
    Flag("cluster.peer-timeout", "Wait unit between replicas.", DURATION, default="15s"),
    Flag("cluster.peers-resolve-timeout", "Time to resolve peers.", DURATION, default="15s"),
    Flag("cluster.gossip-interval", "Period of gossip.", DURATION, default="200ms"),
    Flag("cluster.pushpull-interval", "Period of full syncs.", DURATION, default="1m"),
    Flag("cluster.tcp-timeout", "Time for one stream operation.", DURATION, default="10s"),
    Flag("cluster.probe-timeout", "Time for one probe.", DURATION, default="500ms"),
    Flag("cluster.probe-interval", "Period of probes.", DURATION, default="1s"),
    Flag("cluster.settle-timeout", "Longest wait for the cluster to settle.", DURATION, default="1m"),
    Flag("cluster.reconnect-interval", "Period of reconnecting to lost peers.", DURATION, default="10s"),
    Flag("cluster.reconnect-timeout", "When a lost peer is forgotten.", DURATION, default="6h"),
    Flag("cluster.tls-config", "File with TLS settings of the cluster.", TEXT, default=""),
    Flag("cluster.allow-insecure-public-advertise-address-discovery", "May advertise a public address.", BOOLEAN),
    Flag("cluster.label", "Label of the cluster's packets.", TEXT, default=""),
    Flag("enable-feature", "Features, separated by commas.", TEXT, default=""),
    Flag("log.level", "debug, info, warn or error.", _LEVEL, default="info"),
    Flag("log.format", "logfmt or json.", _FORM, default="logfmt"),
    VERSION,
    Flag("amp.config.file", "AMP's own settings; default: amp.yml beside the configuration file.", TEXT, default=""),
    Flag("amp.redis-url", "Redis that keeps the history's answers; also AMP_REDIS_URL.", TEXT, default=""),
    Flag("amp.database-url", "PostgreSQL to store in (libpq URL); also AMP_DATABASE_URL.", TEXT, default=""),
    Flag("amp.limits.body-bytes", "Largest request body; 0 is no limit.", WHOLE, default="67108864"),
    Flag("amp.limits.alerts", "Most alerts of one request; 0 is no limit.", WHOLE, default="50000"),
    Flag("amp.limits.label-name-bytes", "Longest label name; 0 is no limit.", WHOLE, default="1024"),
    Flag("amp.limits.label-value-bytes", "Longest label value; 0 is no limit.", WHOLE, default="65536"),
    Flag("amp.stream.clients", "Most clients of the live stream.", WHOLE, default="1000"),
    Flag("amp.deliveries-per-destination", "Most deliveries at once to one scheme, host and port.", WHOLE, default="512"),
    Flag("amp.history.retention", "How long the history is kept; 0 is no history; also AMP_HISTORY_RETENTION.", DURATION, default="720h"),
    Flag("amp.history.max-bytes", "Most bytes of the history; 0 is half of the volume, at most 10 GiB; also AMP_HISTORY_MAX_BYTES.", WHOLE, default="0"),
    Flag("amp.history.queue-bytes", "Most memory of events that wait to be written.", WHOLE, default="67108864"),
    Flag("amp.webhook.resolve-timeout", "How long an alert of /webhook without an end fires.", DURATION, default="24h"),
    Flag("amp.webhook.rate", "Most requests a second to /webhook and /webhook/proxy; 0 is no limit.", WHOLE, default="0"),
))  # fmt: skip


_PLAIN = {
    "config.file": "config_file",
    "storage.path": "storage_path",
    "data.retention": "data_retention_seconds",
    "data.maintenance-interval": "maintenance_interval_seconds",
    "silences.max-silences": "max_silences",
    "silences.max-per-silence-bytes": "max_silence_size_bytes",
    "silences.max-silence-size-bytes": "max_silence_size_bytes",
    "log.silences": "log_silences",
    "alerts.gc-interval": "alerts_gc_interval_seconds",
    "alerts.per-alertname-limit": "per_alertname_limit",
    "dispatch.maintenance-interval": "dispatch_maintenance_interval_seconds",
    "dispatch.start-delay": "dispatch_start_delay_seconds",
    "web.systemd-socket": "systemd_socket",
    "web.config.file": "web_config_file",
    "web.external-url": "external_url",
    "web.route-prefix": "route_prefix",
    "web.cors.origin": "cors_origin",
    "web.get-concurrency": "get_concurrency",
    "web.timeout": "web_timeout_seconds",
    "cluster.listen-address": "cluster_listen_address",
    "cluster.advertise-address": "cluster_advertise_address",
    "cluster.peer-name": "cluster_peer_name",
    "log.level": "log_level",
    "log.format": "log_format",
    "amp.config.file": "own_config_file",
    "amp.database-url": "database_url",
    "amp.redis-url": "redis_url",
    "amp.limits.body-bytes": "max_body_bytes",
    "amp.limits.alerts": "max_alerts",
    "amp.limits.label-name-bytes": "max_name_bytes",
    "amp.limits.label-value-bytes": "max_value_bytes",
    "amp.stream.clients": "stream_clients",
    "amp.deliveries-per-destination": "deliveries_per_destination",
    "amp.history.retention": "history_retention_seconds",
    "amp.history.max-bytes": "history_max_bytes",
    "amp.history.queue-bytes": "history_queue_bytes",
    "amp.webhook.resolve-timeout": "webhook_resolve_timeout_seconds",
    "amp.webhook.rate": "webhook_rate",
}

_POSITIVE_IN_A_CLUSTER = {
    "cluster.peer-timeout": "PeerTimeout",
    "cluster.peers-resolve-timeout": "PeersResolveTimeout",
    "cluster.gossip-interval": "GossipInterval",
    "cluster.pushpull-interval": "PushPullInterval",
    "cluster.tcp-timeout": "TCPTimeout",
    "cluster.probe-timeout": "ProbeTimeout",
    "cluster.probe-interval": "ProbeInterval",
    "cluster.reconnect-interval": "ReconnectInterval",
    "cluster.reconnect-timeout": "PeerReconnectTimeout",
}
"""Flags that shape nothing yet, and upstream's names of them."""
_READ_ELSEWHERE = frozenset(
    (
        *(flag.name for flag in (*BUILTIN, VERSION)),
        "enable-feature",
        "web.listen-address",
        "cluster.peer",
    )
)


def has_effect(name: str) -> bool:
    """Whether anybody reads a flag; upstream's others are taken so that unit files need no edit."""
    return name in _PLAIN or name in _READ_ELSEWHERE


def options_of(values: Mapping[str, object], environment: Mapping[str, str]) -> Options:
    """The options of parsed flags; a flag beats its `AMP_*` variable.

    Raises:
        AmpError: for values that their types allow and upstream refuses, with its text.
    """
    given: dict[str, object] = {
        field: values[name] for name, field in _PLAIN.items() if name in values
    }
    given["features"] = _features(values)
    if values.get("cluster.listen-address", "default"):
        _check_periods(values)
    if file := values.get("cluster.tls-config"):
        _check_readable(str(file))
    for name, field in (
        ("web.listen-address", "listen_addresses"),
        ("cluster.peer", "cluster_peers"),
    ):
        held = values.get(name)
        if isinstance(held, list):
            given[field] = tuple(held)
    if "redis_url" not in given and environment.get("AMP_REDIS_URL"):
        given["redis_url"] = environment["AMP_REDIS_URL"]
    if "database_url" not in given and environment.get("AMP_DATABASE_URL"):
        given["database_url"] = environment["AMP_DATABASE_URL"]
    for variable, name in (
        ("AMP_HISTORY_RETENTION", "amp.history.retention"),
        ("AMP_HISTORY_MAX_BYTES", "amp.history.max-bytes"),
    ):
        if name not in values and (text := environment.get(variable)):
            given[_PLAIN[name]] = _variable(variable, name, text)
    if "own_config_file" not in given and environment.get("AMP_CONFIG_FILE"):
        given["own_config_file"] = environment["AMP_CONFIG_FILE"]
    return Options(**given)  # type: ignore[arg-type]  # the table above maps names to fields


def _variable(variable: str, name: str, text: str) -> object:
    """The value of a variable that stands for a flag."""
    flag = next(flag for flag in PROGRAM.flags if flag.name == name)
    try:
        return flag.value.read(text)
    except ValueError as error:
        raise AmpError(f"{variable}: {error}") from None


def _features(values: Mapping[str, object]) -> frozenset[str]:
    try:
        found = features(str(values.get("enable-feature", "")))
    except ValueError as error:
        raise FlagError("error parsing the feature flag list", str(error)) from None
    if "auto-gomemlimit" in found and not 0 < _number(values, "auto-gomemlimit.ratio", 0.9) <= 1:
        raise FlagError(
            "--auto-gomemlimit.ratio must be greater than 0 and less than or equal to 1."
        )
    return found


def _check_periods(values: Mapping[str, object]) -> None:
    for name, upstream in _POSITIVE_IN_A_CLUSTER.items():
        if _number(values, name, 1) <= 0:
            raise AmpError(
                f"alertmanager/app: Options.{upstream} must be positive when clustering is enabled"
            )


def _number(values: Mapping[str, object], name: str, default: float) -> float:
    held = values.get(name, default)
    return held if isinstance(held, int | float) else default


def _check_readable(file: str) -> None:
    try:
        with Path(file).open("rb"):
            pass
    except OSError as error:
        text = (error.strerror or str(error)).lower()
        raise AmpError(
            f"unable to initialize TLS transport configuration for gossip mesh: open {file}: {text}"
        ) from None


def _open_standard_streams() -> None:
    """Gives whom nobody gave them the descriptors 0 to 2, as Go does: no socket may get one."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    for number, name in ((1, "stdout"), (2, "stderr")):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(number, "w", closefd=False))


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the server until a signal; the process ends with upstream's exit codes."""
    reader = Reader(
        PROGRAM,
        version=partial(version_text, "alertmanager"),
        width=terminal_width(os.environ),
    )
    try:
        request = reader.read(sys.argv[1:] if arguments is None else arguments)
    except UsageError as error:
        print(f"alertmanager: error: {error}, try --help", file=sys.stderr)
        sys.exit(1)
    if not isinstance(request, Request):
        print(request, end="")
        return
    signals = Signals()
    signals.heed()
    _open_standard_streams()
    values = request.values.given_values()
    log = Logger(
        level=str(values.get("log.level", "info")), form=str(values.get("log.format", "logfmt"))
    )
    try:
        options = options_of(values, os.environ)
        gc.disable()  # nothing of what is imported is garbage
        from amp.app import run

        gc.freeze()
        gc.enable()
        run(options, log, signals)
    except FlagError as error:
        log.error(error.message, **({"err": error} if str(error) else {}))
        sys.exit(1)
    except AmpError as error:
        log.error("alertmanager exited with error", err=error)
        sys.exit(1)
