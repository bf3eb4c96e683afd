"""Renders every text of the used receivers once, so that what fails does not fail at night."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from amp._core import TemplateError
from amp.cli.check.blocks import values
from amp.cli.check.finding import ERROR, Finding
from amp.cli.check.sample import groups
from amp.fields.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Iterable

    from amp._core import Templates
    from amp.cli.check.blocks import Block
    from amp.cli.check.sample import Group
    from amp.config.schema import Config

_NOT_RENDERED = frozenset({"http_config", "tls_config", "sigv4"})


class Text(NamedTuple):
    """One template of one integration."""

    file: str | None
    key: str
    template: str
    html: bool
    secret: bool


class Texts:
    """All templates of the integrations that routes reach, rendered against sample groups.

    Attributes:
        count: how many there are.
        findings: each text that fails, once.
    """

    def __init__(
        self, config: Config, templates: Templates, reached: Iterable[Block], now_ns: int
    ) -> None:
        self._templates = templates
        self._now_ns = now_ns
        self._of: dict[str, list[Text]] = {}
        for block in reached:
            self._of.setdefault(block.receiver, []).extend(_texts(block))
        self.count = sum(len(texts) for texts in self._of.values())
        self.groups = 0
        self._failed: dict[tuple[str | None, str], Finding] = {}
        for group in groups(config, templates, now_ns):
            self.groups += 1
            self._render(group)

    @property
    def findings(self) -> list[Finding]:
        """Each text that fails, once."""
        return list(self._failed.values())

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


def _texts(block: Block) -> list[Text]:
    found: list[Text] = []
    for key, value in values(block.config, block.key, _NOT_RENDERED):
        secret = isinstance(value, Secret)
        template = value.reveal() if isinstance(value, Secret) else value
        if not isinstance(template, str) or "{{" not in template or key.endswith("_file"):
            continue
        html = _is_html(block, key.rpartition(".")[2])
        found.append(Text(block.file, key, template, html, secret))
    return found


def _is_html(block: Block, name: str) -> bool:
    if block.kind == "email":
        return name == "html"
    return block.kind == "pushover" and name == "message" and bool(block.config.html)
