"""The `alertmanager` command: upstream's name and flags, so that a unit file swaps unedited."""

from __future__ import annotations

import gc
import os
import sys
from typing import TYPE_CHECKING

from amp.cli.features import features
from amp.cli.flags import Flag, UsageError, duration, parse, usage
from amp.cli.version import version_text
from amp.errors import AmpError
from amp.log import LEVELS, Logger
from amp.options import Options

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def _text(text: str) -> str:
    return text


def _whole(text: str) -> int:
    try:
        return int(float(text))
    except ValueError:
        raise ValueError(f'strconv.ParseFloat: parsing "{text}": invalid syntax') from None


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


FLAGS = (
    Flag("help", "Show this help (also --help-long, --help-man)."),
    Flag("help-long", "The same help."),
    Flag("help-man", "The same help."),
    Flag("config.file", "Configuration file.", _text, "alertmanager.yml"),
    Flag("storage.path", "Folder of everything that is stored.", _text, "data/"),
    Flag("data.retention", "How long ended silences and log entries live.", duration, "120h"),
    Flag("data.maintenance-interval", "Period of garbage collection and snapshots.", duration, "15m"),
    Flag("silences.max-silences", "Most silences, expired ones included; 0 is no limit.", _whole, "0"),
    Flag("silences.max-silence-size-bytes", "Largest silence; 0 is no limit.", _whole, "0"),
    Flag("silences.max-per-silence-bytes", "Another name of the flag above.", _whole, "0"),
    Flag("log.silences", "Log each change of a silence."),
    Flag("alerts.gc-interval", "Period of dropping ended alerts.", duration, "30m"),
    Flag("alerts.per-alertname-limit", "Most live alerts of one alertname; 0 is no limit.", _whole, "0"),
    Flag("dispatch.maintenance-interval", "Period of removing empty groups.", duration, "30s"),
    Flag("dispatch.start-delay", "No notification before this long after the start.", duration, "0s"),
    Flag("web.systemd-socket", "Listen on the sockets that systemd passes."),
    Flag("web.listen-address", "Address to listen on.", _text, ":9093", repeatable=True),
    Flag("web.config.file", "File with TLS and authentication settings.", _text, ""),
    Flag("web.external-url", "URL under which people reach this process.", _text),
    Flag("web.route-prefix", "Path prefix of all routes; default: the external URL's path.", _text),
    Flag("web.cors.origin", "Pattern of origins whose pages may call the API.", _text),
    Flag("web.get-concurrency", "Most GET requests at once; 0 is max(8, CPUs).", _whole, "0"),
    Flag("web.timeout", "Longest time for one request; 0 is no limit.", duration, "0"),
    Flag("auto-gomemlimit.ratio", "Accepted and without effect.", _ratio, "0.9"),
    Flag("cluster.listen-address", "Cluster address; empty means one replica.", _text, "0.0.0.0:9094"),
    Flag("cluster.advertise-address", "Address shown to peers.", _text),
    Flag("cluster.peer-name", "Name of this replica.", _text, ""),
    Flag("cluster.peer", "Other replicas.", _text, repeatable=True),
    Flag("cluster.peer-timeout", "Wait unit between replicas.", duration, "15s"),
    Flag("cluster.peers-resolve-timeout", "Time to resolve peers.", duration, "15s"),
    Flag("cluster.gossip-interval", "Period of gossip.", duration, "200ms"),
    Flag("cluster.pushpull-interval", "Period of full syncs.", duration, "1m"),
    Flag("cluster.tcp-timeout", "Time for one stream operation.", duration, "10s"),
    Flag("cluster.probe-timeout", "Time for one probe.", duration, "500ms"),
    Flag("cluster.probe-interval", "Period of probes.", duration, "1s"),
    Flag("cluster.settle-timeout", "Longest wait for the cluster to settle.", duration, "1m"),
    Flag("cluster.reconnect-interval", "Period of reconnecting to lost peers.", duration, "10s"),
    Flag("cluster.reconnect-timeout", "When a lost peer is forgotten.", duration, "6h"),
    Flag("cluster.tls-config", "File with TLS settings of the cluster.", _text, ""),
    Flag("cluster.allow-insecure-public-advertise-address-discovery", "May advertise a public address."),
    Flag("cluster.label", "Label of the cluster's packets.", _text, ""),
    Flag("enable-feature", "Features, separated by commas.", _text, ""),
    Flag("log.level", "debug, info, warn or error.", _level, "info"),
    Flag("log.format", "logfmt or json.", _form, "logfmt"),
    Flag("version", "Show the version."),
    Flag("amp.config.file", "AMP's own settings; default: amp.yml beside the configuration file.", _text, ""),
    Flag("amp.database-url", "PostgreSQL to store in (libpq URL); also AMP_DATABASE_URL.", _text, ""),
    Flag("amp.limits.body-bytes", "Largest request body; 0 is no limit.", _whole, "67108864"),
    Flag("amp.limits.alerts", "Most alerts of one request; 0 is no limit.", _whole, "50000"),
    Flag("amp.limits.label-name-bytes", "Longest label name; 0 is no limit.", _whole, "1024"),
    Flag("amp.limits.label-value-bytes", "Longest label value; 0 is no limit.", _whole, "65536"),
    Flag("amp.deliveries-per-destination", "Most deliveries at once to one scheme, host and port.", _whole, "512"),
)  # fmt: skip
SHORT = {"-h": "--help", "-v": "--version"}


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
    "amp.limits.body-bytes": "max_body_bytes",
    "amp.limits.alerts": "max_alerts",
    "amp.limits.label-name-bytes": "max_name_bytes",
    "amp.limits.label-value-bytes": "max_value_bytes",
    "amp.deliveries-per-destination": "deliveries_per_destination",
}


def options_of(values: Mapping[str, object], environment: Mapping[str, str]) -> Options:
    """The options of parsed flags; a flag beats its `AMP_*` variable.

    Raises:
        ValueError: for features that do not exist.
    """
    given: dict[str, object] = {
        field: values[name] for name, field in _PLAIN.items() if name in values
    }
    given["features"] = features(str(values.get("enable-feature", "")))
    for name, field in (
        ("web.listen-address", "listen_addresses"),
        ("cluster.peer", "cluster_peers"),
    ):
        held = values.get(name)
        if isinstance(held, list):
            given[field] = tuple(held)
    if "database_url" not in given and environment.get("AMP_DATABASE_URL"):
        given["database_url"] = environment["AMP_DATABASE_URL"]
    if "own_config_file" not in given and environment.get("AMP_CONFIG_FILE"):
        given["own_config_file"] = environment["AMP_CONFIG_FILE"]
    return Options(**given)  # type: ignore[arg-type]  # the table above maps names to fields


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the server until a signal; the process ends with upstream's exit codes."""
    words = [SHORT.get(word, word) for word in (sys.argv[1:] if arguments is None else arguments)]
    try:
        values = parse(FLAGS, words)
    except UsageError as error:
        print(f"alertmanager: error: {error}, try --help", file=sys.stderr)
        sys.exit(1)
    if values.get("help") or values.get("help-long") or values.get("help-man"):
        print(usage("alertmanager", FLAGS), end="")
        return
    if values.get("version"):
        print(version_text("alertmanager"), end="")
        return
    log = Logger(
        level=str(values.get("log.level", "info")), form=str(values.get("log.format", "logfmt"))
    )
    try:
        options = options_of(values, os.environ)
    except ValueError as error:
        log.error("error parsing the feature flag list", err=error)
        sys.exit(1)
    gc.disable()  # nothing of what is imported is garbage
    from amp.app import run

    gc.freeze()
    gc.enable()
    try:
        run(options, log)
    except AmpError as error:
        log.error("alertmanager exited with error", err=error)
        sys.exit(1)
