"""One run: looks at everything that was given and makes the report of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from amp.cache.redis import client
from amp.cli.check.capability import lacking
from amp.cli.check.configuration import Configuration
from amp.cli.check.differences import Looked, differences
from amp.cli.check.finding import WARNING, Finding
from amp.cli.check.report import Report
from amp.cli.check.storage import Storage
from amp.cli.check.swap_back import swap_back
from amp.cli.check.template_files import TemplateFiles
from amp.cli.check.texts import Texts
from amp.errors import ConfigError
from amp.fields.codec import Anything
from amp.fields.decode import Decoder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from amp.cli.check.given import Given
    from amp.cli.check.server_flags import ServerFlags
    from amp.config.schema import Config
    from amp.fields.node import Node


def examine(given: Given, flags: ServerFlags | None, now_ns: int) -> Report:
    """The report.

    Args:
        given: what there is to look at.
        flags: the server's command line, None when there is none.
        now_ns: the moment by which silences and log entries are judged.
    """
    report = Report()
    if flags is not None:
        report.flags = flags.plain()
        report.findings += flags.findings
    looked = None if given.config_file is None else _configuration(report, given, flags, now_ns)
    storage = None if given.storage is None else Storage(given.storage, now_ns)
    if storage is not None:
        report.storage = storage.found
        report.findings += storage.findings
    if looked is not None:
        report.differences = differences(looked)
    if looked is not None or storage is not None:
        report.swap_back = swap_back(looked, storage)
    return report


def _configuration(
    report: Report, given: Given, flags: ServerFlags | None, now_ns: int
) -> Looked | None:
    """Fills in the parts of the configuration; None when it is refused."""
    found = Configuration(given.options)
    config, templates = found.config, found.templates
    report.configuration = found.plain()
    if config is None or templates is None:
        report.findings += found.findings
        return None
    texts = Texts(config, templates, found.reached, now_ns)
    files = TemplateFiles(config)
    found.add(files.findings)
    if flags is not None and "event-recorder" not in given.options.features:
        found.add(_idle_events(config))
    found.add(texts.findings)
    report.findings += found.findings
    report.texts = texts.plain()
    report.templates = files.plain(texts.templates_used())
    report.findings += _settings(given, config)
    return Looked(
        config=config,
        reached=found.reached,
        options=given.options,
        named=set() if flags is None else flags.named,
        null_http_config=_null_http_config(found.places(found.file).node),
    )


def _settings(given: Given, config: Config) -> Iterator[Finding]:
    """What the server's settings need; flags and variables beat `amp.yml`."""
    if given.database or config.own.database_url:
        lack = lacking("database_url")
        if lack is not None:
            yield lack
    redis_url = given.options.redis_url or config.own.redis_url
    if redis_url:
        lack = lacking("redis_url")
        if lack is not None:
            yield lack
            return
        try:
            client(redis_url)
        except ConfigError as error:
            yield Finding.of(error)


def _idle_events(config: Config) -> Iterator[Finding]:
    """The server says nothing of a block that waits for its feature."""
    if config.root.event_recorder is not None:
        text = "has no effect without --enable-feature=event-recorder"
        yield Finding(WARNING, text, key="event_recorder")


def _null_http_config(node: Node | None) -> bool:
    """Whether the file says so; the loaded configuration has the defaults in its place."""
    try:
        values = None if node is None else Decoder().decode(node, Anything())
    except ConfigError:
        return False
    defaults = values.get("global") if isinstance(values, dict) else None
    return (
        isinstance(defaults, dict) and "http_config" in defaults and defaults["http_config"] is None
    )
