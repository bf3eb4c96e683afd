"""The report for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from amp.cli.check.report import Report

VERDICTS = {
    "fine": "fine",
    "warnings": "fine, with warnings",
    "refused": "something is broken",
}


def shown(report: Report) -> str:
    """All parts, then the problems, then the verdict."""
    lines = [
        *_configuration(report),
        *_flags(report.flags),
        *_storage(report.storage),
        *_differences(report),
        *_swap_back(report.swap_back),
        *_findings(report),
        f"verdict: {VERDICTS[report.verdict]}",
    ]
    return "\n".join(_printable(line) for line in lines) + "\n"


def _printable(line: str) -> str:
    """The line, in which a text of the configuration can neither break lines nor paint."""
    return "".join(c if c.isprintable() else " " for c in line)


def _configuration(report: Report) -> Iterator[str]:
    found = report.configuration
    if found is None:
        return
    yield f"configuration: {found['file']}: {found['verdict']}"
    if "receivers" not in found:
        return
    if found["amp_yml"]:
        yield f"  with {found['amp_yml']}"
    yield f"  {_counted(found['receivers'], 'receiver')}{_unused(found['receivers_unused'])}"
    kinds = ", ".join(f"{kind} {count}" for kind, count in found["integrations"].items())
    yield f"  integrations in use: {kinds or 'none'}"
    yield (
        f"  {_counted(found['routes'], 'route')},"
        f" {_counted(found['inhibit_rules'], 'inhibit rule')},"
        f" {_counted(found['time_intervals'], 'time interval')}"
        f"{_unused(found['time_intervals_unused'])}"
    )
    yield from _templates(report)


def _templates(report: Report) -> Iterator[str]:
    files, texts = report.templates, report.texts
    if files is not None and files["files"]:
        yield (
            f"  {_counted(len(files['files']), 'template file')}, "
            f"{_counted(files['defined'], 'definition')}{_unused(files['unused'])}"
        )
    if texts is not None:
        failed = f", {texts['failed']} failed" if texts["failed"] else ", none failed"
        yield (
            f"  {_counted(texts['rendered'], 'text')} rendered for"
            f" {_counted(texts['groups'], 'sample group')}{failed}"
        )


def _flags(found: dict[str, Any] | None) -> Iterator[str]:
    if found is None:
        return
    yield f"flags: {_counted(len(found['given']), 'flag')} given: {found['verdict']}"
    if found["without_effect"]:
        yield f"  without effect: {', '.join(found['without_effect'])}"


def _storage(found: dict[str, Any] | None) -> Iterator[str]:
    if found is None:
        return
    if not found["exists"]:
        yield f"storage: {found['folder']}: not there yet"
        return
    running = f" (in use by {found['running']})" if found["running"] else ""
    yield f"storage: {found['folder']}{running}"
    silences, log, database = found["silences"], found["nflog"], found["amp.db"]
    if silences is not None and silences["readable"]:
        yield (
            f"  silences: {silences['active']} active, {silences['pending']} pending,"
            f" {silences['expired']} expired; written by {silences['written_by']}"
        )
    if log is not None and log["readable"]:
        yield f"  nflog: {_entries(log['entries'])}; written by {log['written_by']}"
    if database is not None and database["readable"]:
        yield (
            f"  amp.db: {_counted(database['alerts'], 'alert')},"
            f" {_counted(database['silences'], 'silence')}, {_entries(database['log_entries'])}"
        )
        if database["alerts_stale"]:
            yield "  Alertmanager wrote here last: amp.db's alerts are stale and stay away"
    history = found["history.db"]
    if history is not None and history["readable"]:
        kept = f"{history['from']} to {history['to']}" if history["from"] else "nothing yet"
        yield f"  history.db: {kept}"
    if silences is None and log is None and database is None and history is None:
        yield "  nothing is stored yet"


def _differences(report: Report) -> Iterator[str]:
    if report.differences:
        yield "what differs from Alertmanager here (docs/differences.md):"
        for one in report.differences:
            yield f"  {one['section']}: {one['text']}"


def _swap_back(found: dict[str, Any] | None) -> Iterator[str]:
    if found is None:
        return
    yield f"swap back to Alertmanager: {'safe' if found['safe'] else 'not safe'}"
    for what, texts in (("but", found["against"]), ("first", found["before"])):
        yield from (f"  {what}: {text}" for text in texts)
    yield from (f"  lost: {text}" for text in found["lost"])


def _findings(report: Report) -> Iterator[str]:
    for finding in report.findings:
        place = f"{finding.place}: " if finding.place else ""
        first, *more = finding.text.splitlines() or [""]
        yield f"{finding.level}: {place}{first}"
        yield from (f"  {line.strip()}" for line in more)


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _entries(count: int) -> str:
    return f"{count} log entry" if count == 1 else f"{count} log entries"


def _unused(names: Iterable[str]) -> str:
    listed = ", ".join(names)
    return f" (not used: {listed})" if listed else ""
