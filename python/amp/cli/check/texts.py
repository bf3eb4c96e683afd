"""Renders every text of the used receivers once, so that what fails does not fail at night."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from amp._core import TemplateError
from amp.cli.check.blocks import OF_KEYS, values
from amp.cli.check.finding import ERROR, WARNING, Finding
from amp.cli.check.sample import groups
from amp.fields.codec import HttpUrl, ProxyUrl, SecretUrl
from amp.fields.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from amp._core import Templates
    from amp.cli.check.blocks import Block
    from amp.cli.check.sample import Group
    from amp.config.schema import Config

_URLS = (HttpUrl, SecretUrl, ProxyUrl)
_CLIENTS = ("http_config.", "tls_config.", "sigv4.")
LITERAL: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "discord": frozenset({"username", "avatar_url"}),
        "email": frozenset(
            {"hello", "auth_username", "auth_password", "auth_secret", "auth_identity"}
        ),
        "incidentio": frozenset({"alert_source_token"}),
        "jira": frozenset({"api_type", "reopen_transition", "resolve_transition"}),
        "rocketchat": frozenset(
            {"token", "token_id", "actions.type", "actions.imageurl"}
            | {"actions.webviewheightratio", "actions.msgprocessingtype"}
        ),
        "rootly": frozenset({"secret"}),
        "slack": frozenset({"app_token", "mrkdwn_in"}),
        "telegram": frozenset({"bot_token", "parse_mode"}),
        "victorops": frozenset({"api_key"}),
        "wechat": frozenset({"message_type"}),
    }
)
"""Texts that are sent as they are, beside URLs, files, keys of maps, and what is the client's."""

RENDERED_KEYS = frozenset({("sns", f"attributes{OF_KEYS}")})


class Text(NamedTuple):
    """One template of one integration."""

    file: str | None
    key: str
    template: str
    html: bool
    secret: bool
    literal: bool


class Texts:
    """All templates of the integrations that routes reach, rendered against sample groups.

    Attributes:
        count: how many there are.
        groups: how many sample groups.
    """

    def __init__(
        self, config: Config, templates: Templates, reached: Iterable[Block], now_ns: int
    ) -> None:
        self._templates = templates
        self._now_ns = now_ns
        self._of: dict[str, list[Text]] = {}
        self._literal: list[Finding] = []
        for block in reached:
            for text in texts_of(block):
                if text.literal:
                    said = "is no template: it is used as it is"
                    self._literal.append(Finding(WARNING, said, file=text.file, key=text.key))
                else:
                    self._of.setdefault(block.receiver, []).append(text)
        self.count = sum(len(texts) for texts in self._of.values())
        self.groups = 0
        self._failed: dict[tuple[str | None, str], Finding] = {}
        for group in groups(config, templates, now_ns):
            self.groups += 1
            self._render(group)

    @property
    def findings(self) -> list[Finding]:
        """Each text that fails once, and what only looks like a template."""
        return [*self._literal, *self._failed.values()]

    def plain(self) -> dict[str, Any]:
        """Counts."""
        return {"rendered": self.count, "groups": self.groups, "failed": len(self._failed)}

    def templates_used(self) -> list[str]:
        """The templates of all texts."""
        return [text.template for texts in self._of.values() for text in texts]

    def _render(self, group: Group) -> None:
        for name, reason in group.label_errors:
            text = f"the label {name} of route {group.route} does not render: {reason}"
            self._failed.setdefault((None, f"{group.route} {name}"), Finding(ERROR, text))
        left = self._of.get(group.receiver, [])
        while left:
            pairs = [(text.template, text.html) for text in left]
            try:
                self._templates.render_many(pairs, group.data, self._now_ns)
            except TemplateError as error:
                index: int = getattr(error, "index", 0)
                self._fail(left[index], group, error)
                left = left[index + 1 :]
            else:
                left = []

    def _fail(self, text: Text, group: Group, error: TemplateError) -> None:
        reason = "its text is a secret" if text.secret else str(error)
        said = f"does not render for a {group.what} group: {reason}"
        finding = Finding(ERROR, said, file=text.file, key=text.key)
        self._failed.setdefault((text.file, text.key), finding)


def texts_of(block: Block) -> Iterator[Text]:
    """What looks like a template in one integration."""
    for key, name, codec, value in values(block.config, block.key):
        secret = isinstance(value, Secret)
        template = value.reveal() if isinstance(value, Secret) else value
        if not isinstance(template, str) or "{{" not in template:
            continue
        literal = (
            isinstance(codec, _URLS)
            or name.endswith("_file")
            or name.startswith(_CLIENTS)
            or name in LITERAL.get(block.kind, ())
            or (name.endswith(OF_KEYS) and (block.kind, name) not in RENDERED_KEYS)
        )
        html = _is_html(block, name)
        yield Text(block.file, key, template, html=html, secret=secret, literal=literal)


def _is_html(block: Block, name: str) -> bool:
    if block.kind == "email":
        return name == "html"
    return block.kind == "pushover" and name == "message" and bool(block.config.html)
