"""Jira (Upstream: notify/jira)."""

from __future__ import annotations

import dataclasses
import posixpath
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any
from urllib.parse import quote as percent_quoted

from amp.errors import SendError
from amp.fields.codec import (
    Anything,
    Flag,
    HttpUrl,
    ListOf,
    MapOf,
    Text,
)
from amp.fields.duration import Duration, PrometheusDuration
from amp.fields.http import HttpConfig
from amp.fields.json_schema import TEXT, one_of
from amp.fields.node import SCALAR, Node
from amp.fields.quote import quote
from amp.fields.struct import Struct, StructOf, entry, refused
from amp.fields.url import parse_url
from amp.receivers.answer import members, parse
from amp.receivers.base import JSON, check, request
from amp.receivers.body import encode, filled, raw
from amp.receivers.payload import Payload
from amp.receivers.text import truncate_runes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

    from amp.fields.decode import Decoder
    from amp.fields.duration import Duration
    from amp.fields.global_config import GlobalConfig
    from amp.fields.json_schema import Definitions, Schema
    from amp.httpclient import HttpClient
    from amp.log import Logger
    from amp.receivers.base import Notification

API_TYPES = ("auto", "cloud", "datacenter")
MAX_SUMMARY_RUNES = 255
MAX_DESCRIPTION_RUNES = 32_767
MINUTE_NS = 60 * 10**9
RETRY = frozenset({429})
# Upstream does not name itself here.
HEADERS = JSON | {"Accept-Language": "en", "User-Agent": "Go-http-client/1.1"}
_CATEGORY = 'struct { Key string "json:\\"key\\"" }'
_PATH = "/%!$&'()*+,;=:@"


@dataclass(frozen=True, slots=True)
class Field(Struct):
    """A text of an issue; `enable_update` unset means that updates set it too."""

    GO = "jira.plain"

    template: str = entry(Text())
    enable_update: bool | None = entry(Flag(optional=True))


class _FieldOf(StructOf):
    """Reads a field from a text, or from a mapping over the default."""

    def __init__(self, template: str) -> None:
        super().__init__(Field, pointer=False, defaults={"template": template})

    def read(self, decoder: Decoder, node: Node) -> Any:
        """A text alone is the template."""
        if node.kind == SCALAR:
            return Field(Text().read(decoder, node))
        return super().read(decoder, node)

    def schema(self, definitions: Definitions) -> Schema:
        """Both."""
        return {"anyOf": [TEXT, super().schema(definitions)]}


_SUMMARY = '{{ template "jira.default.summary" . }}'
_DESCRIPTION = '{{ template "jira.default.description" . }}'


@dataclass(frozen=True, slots=True)
class Config(Struct):
    """One entry of `jira_configs`."""

    GO = "jira.plain"
    NEEDS = ("project", "issue_type")

    send_resolved: bool = entry(Flag(), default=True, keep=True)
    http_config: HttpConfig | None = entry(StructOf(HttpConfig))
    api_url: str | None = entry(HttpUrl())
    api_type: str = entry(Text(schema=one_of(API_TYPES)), "auto")
    project: str = entry(Text())
    summary: Field = entry(_FieldOf(_SUMMARY), Field(_SUMMARY))
    description: Field = entry(_FieldOf(_DESCRIPTION), Field(_DESCRIPTION))
    labels: tuple[str, ...] = entry(ListOf(Text(), "[]string"))
    priority: str = entry(Text(), '{{ template "jira.default.priority" . }}')
    issue_type: str = entry(Text())
    reopen_transition: str = entry(Text())
    resolve_transition: str = entry(Text())
    wont_fix_resolution: str = entry(Text())
    reopen_duration: Duration = entry(PrometheusDuration())
    fields: dict[str, Any] = entry(MapOf(Anything(), "map[string]interface {}"))

    def checked(self) -> Self:
        """The keys that every issue needs."""
        if not self.project:
            raise refused("missing project in jira_config", "project")
        if not self.issue_type:
            raise refused("missing issue_type in jira_config", "issue_type")
        if self.api_type not in API_TYPES:
            raise refused(
                "unknown api_type on jira_config, must be auto, cloud or datacenter", "api_type"
            )
        return self

    def inherit(self, defaults: GlobalConfig) -> Self:
        """The config with what it takes from `global`."""
        url = self.api_url or defaults.jira_api_url
        if url is None:
            raise refused("no global Jira Cloud URL set", "api_url")
        return dataclasses.replace(
            self, api_url=url, http_config=self.http_config or defaults.http_config
        )


class Api:
    """The requests of one block's API."""

    def __init__(self, config: Config, http: HttpClient) -> None:
        self._http = http
        self._url = parse_url(str(config.api_url))
        cloud = config.api_type == "cloud" or (
            config.api_type == "auto" and self._url.host.endswith("atlassian.net")
        )
        self._search = self._joined("/search")
        if cloud:
            self._search = self._joined("/search/jql").replace("/rest/api/2/", "/rest/api/3/", 1)
        self.documents = self._url.path.rstrip("/").endswith("/3")

    def _joined(self, path: str) -> str:
        """The API's URL with a path below it. Upstream: net/url URL.JoinPath."""
        whole = posixpath.normpath(f"/{self._url.path}/{percent_quoted(path, _PATH)}")
        final = "/" if path.endswith("/") else ""
        return str(dataclasses.replace(self._url, path=f"/{whole.lstrip('/')}{final}"))

    async def search(self, jql: str) -> bytes:
        """What the search for issues answers."""
        body = {"fields": ["status"], "jql": jql, "maxResults": 2}
        return await self._send("POST", self._search, encode(body))

    async def call(self, method: str, path: str, body: bytes = b"") -> bytes:
        """The answer's body.

        Raises:
            SendError: not retryable when no answer came.
        """
        return await self._send(method, self._joined(path), body)

    async def _send(self, method: str, url: str, body: bytes) -> bytes:
        try:
            response = await request(self._http, method, url, body, HEADERS, redacted=False)
        except SendError as error:
            raise SendError(str(error)) from None
        check(response, retry=RETRY)
        return response.body


@dataclass(frozen=True, slots=True)
class Issue:
    """An issue that is there.

    Attributes:
        category: the key of its status's category; None when there is no status.
    """

    key: str
    category: str | None


class Sender:
    """Keeps one issue for each group. Upstream: notify/jira/jira.go Notifier."""

    def __init__(self, config: Config, http: HttpClient) -> None:
        self._config = config
        self._api = Api(config, http)
        self._fields = {name: Payload(value) for name, value in config.fields.items()}
        self._texts = _texts(config, self._fields)

    async def __call__(self, notification: Notification) -> None:
        """Makes one attempt: looks for the issue, creates or updates it, and moves it.

        Raises:
            SendError: when Jira did not take it.
        """
        firing = notification.status == "firing"
        log = notification.log.bind(group_key=notification.group_key)
        with _about("failed to look up existing issues: "):
            issue = await self._found(notification, firing=firing)
        method, path = "POST", "issue"
        if issue is not None:
            method, path = "PUT", f"issue/{issue.key}"
            log.debug(
                "updating existing issue",
                issue_key=issue.key,
                summary_update_enabled=self._config.summary.enable_update is not False,
                description_update_enabled=self._config.description.enable_update is not False,
            )
        elif firing:
            log.debug("create new issue")
        else:
            return
        fields = self._issue(notification, update=issue is not None)
        with _about(f"failed to {method} request to {quote(path)}: "):
            with _about("json: error calling MarshalJSON for type *jira.issueFields: "):
                body = encode({"fields": fields})
            await self._api.call(method, path, body)
        transition = "" if issue is None else self._transition(issue, firing=firing)
        if issue is not None and transition:
            await self._move(issue, transition, log)

    async def _found(self, notification: Notification, *, firing: bool) -> Issue | None:
        """The group's issue."""
        with _about("invalid project template or value: "):
            project = notification.render(self._config.project)
        jql = self._jql(project, notification.group_hash, firing=firing)
        log = notification.log.bind(group_key=notification.group_key)
        log.debug("search for recent issues", jql=jql)
        with _about("HTTP request to JIRA API: "):
            answer = await self._api.search(jql)
        try:
            found = [_issue(one) for one in _listed(answer, "issueSearchResult", "issues", "issue")]
        except ValueError as error:
            raise SendError(str(error)) from None
        if not found:
            log.debug("found no existing issue")
            return None
        if len(found) > 1:
            log.warn(
                "more than one issue matched, selecting the most recently resolved",
                selected_issue=found[0].key,
            )
        return found[0]

    def _jql(self, project: str, group_hash: str, *, firing: bool) -> str:
        config = self._config
        jql = ""
        if config.wont_fix_resolution:
            unlike = quote(config.wont_fix_resolution)
            jql = f"(resolution is EMPTY or resolution != {unlike}) and "
        minutes = config.reopen_duration // MINUTE_NS
        if firing and config.reopen_transition and minutes > 0:
            jql += f"(resolutiondate is EMPTY OR resolutiondate >= -{minutes}m) and "
        else:
            jql += "statusCategory != Done and "
        label = quote(_label(group_hash))
        order = "order by status ASC,resolutiondate DESC"
        return f"{jql}project={quote(project)} and labels={label} {order}"

    def _issue(self, notification: Notification, *, update: bool) -> dict[str, Any]:
        """The issue's fields in their order; one's own win."""
        config = self._config
        texts = iter(notification.render_named(self._texts))
        summary, project, issue_type = islice(texts, 3)
        own = {name: payload.build(texts) for name, payload in self._fields.items()}
        summary = _cut(notification, summary, "summary", MAX_SUMMARY_RUNES)
        description = self._description(notification, next(texts))
        labels = [*islice(texts, len(config.labels)), _label(notification.group_hash)]
        priority = next(texts)
        fields: dict[str, Any] = {
            "issuetype": filled(name=issue_type),
            "labels": sorted(labels),
            "project": {"key": project},
        }
        if not update or config.summary.enable_update is not False:
            fields["summary"] = summary
        if description and (not update or config.description.enable_update is not False):
            fields["description"] = raw(description) if self._api.documents else description
        if priority:
            fields["priority"] = {"name": priority}
        return dict(sorted((fields | own).items()))

    def _description(self, notification: Notification, text: str) -> str:
        text = _cut(notification, text, "description", MAX_DESCRIPTION_RUNES)
        if not self._api.documents:
            return text
        text = text.strip()
        if text:
            try:
                parse(text.encode())
            except ValueError:
                raise SendError("description template: invalid JSON for API v3") from None
        return text

    def _transition(self, issue: Issue, *, firing: bool) -> str:
        """The transition that the issue needs; empty for none."""
        if not issue.key or issue.category is None or (issue.category == "done") != firing:
            return ""
        return self._config.reopen_transition if firing else self._config.resolve_transition

    async def _move(self, issue: Issue, name: str, log: Logger) -> None:
        path = f"issue/{issue.key}/transitions"
        answer = await self._api.call("GET", path)
        try:
            listed = _listed(answer, "issueTransitions", "transitions", "idNameValue")
            kinds, within = {"id": str, "name": str}, "issueTransitions.transitions"
            known = [members(one, kinds, "jira.idNameValue", within=within) for one in listed]
        except ValueError as error:
            raise SendError(str(error)) from None
        for one in known:
            if one["name"] == name:
                log.debug("transitions jira issue", issue_key=issue.key, transition=name)
                wanted = filled(id=one["id"])
                await self._api.call("POST", path, encode({"transition": wanted}))
                return
        raise SendError(f"can't find transition {name} for issue {issue.key}")


def _texts(config: Config, fields: dict[str, Payload]) -> list[tuple[str, str]]:
    """The templates with what their errors begin with, in the order of rendering."""
    texts = [
        ("summary template", config.summary.template),
        ("project template", config.project),
        ("issue_type template", config.issue_type),
    ]
    texts += [("fields template", text) for payload in fields.values() for text in payload.texts]
    texts.append(("description template", config.description.template))
    texts += [(f"labels[{index}] template", text) for index, text in enumerate(config.labels)]
    texts.append(("priority template", config.priority))
    return texts


def _listed(answer: bytes, struct: str, name: str, item: str) -> list[Any]:
    """The one list of an answer; ValueError when it has another shape."""
    wanted = {name: f"[]jira.{item}"}
    found = members(parse(answer), {name: list}, f"jira.{struct}", wanted=wanted)
    listed: list[Any] = found[name]
    return listed


def _issue(value: Any) -> Issue:
    """An issue of an answer; ValueError when it has another shape."""
    issue = members(
        value,
        {"key": str, "fields": dict},
        "jira.issue",
        within="issueSearchResult.issues",
        wanted={"fields": "jira.issueFields"},
    )
    fields = members(
        issue["fields"],
        {"status": dict},
        "jira.issueFields",
        within="issue.issues.fields",
        wanted={"status": "jira.issueStatus"},
    )
    if not any(key.lower() == "status" and one is not None for key, one in issue["fields"].items()):
        return Issue(issue["key"], None)
    within = "issueFields.issues.fields.status"
    status = members(
        fields["status"],
        {"name": str, "statusCategory": dict},
        "jira.issueStatus",
        within=within,
        wanted={"statusCategory": _CATEGORY},
    )
    category = members(
        status["statusCategory"], {"key": str}, "", within=f"{within}.statusCategory"
    )
    return Issue(issue["key"], category["key"])


def _label(group_hash: str) -> str:
    return f"ALERT{{{group_hash}}}"


def _cut(notification: Notification, text: str, name: str, limit: int) -> str:
    text, cut = truncate_runes(text, limit)
    if cut:
        notification.log.warn(
            f"Truncated {name}", group_key=notification.group_key, max_runes=limit
        )
    return text


@contextmanager
def _about(beginning: str) -> Iterator[None]:
    """Adds to what a failure says."""
    try:
        yield
    except SendError as error:
        raise SendError(
            f"{beginning}{error}", reason=error.reason, retryable=error.retryable
        ) from None
