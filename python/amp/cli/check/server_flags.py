"""The server's flags: what is refused, what is taken without effect."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from amp.cli.alertmanager import PROGRAM, has_effect, options_of
from amp.cli.check.finding import ERROR, Finding
from amp.cli.command_line.clause import UsageError
from amp.cli.command_line.request import Reader, Request
from amp.errors import AmpError, ConfigError, FlagError
from amp.options import Options, check_options

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

WIDTH = 80
_PASSWORD = re.compile(r"(?<=://)[^/@\s]*@")


class ServerFlags:
    """A command line of the server, read as the server reads it.

    Attributes:
        options: what it makes; the defaults where it is refused.
        named: the flags that were given.
        without_effect: those that AMP takes and that do nothing.
        findings: what is wrong with it.
    """

    def __init__(self, words: Sequence[str], environment: Mapping[str, str]) -> None:
        self.options = Options()
        self.named: set[str] = set()
        self.without_effect: list[str] = []
        self.findings: list[Finding] = []
        try:
            request = Reader(PROGRAM, version=str, width=WIDTH).read(words)
        except UsageError as error:
            self._refuse(str(error))
            return
        # Words that only ask for help start no server.
        values = request.values.given_values() if isinstance(request, Request) else {}
        try:
            self.options = options_of(values, environment)
        except FlagError as error:
            self._refuse(": ".join(part for part in (error.message, str(error)) if part))
        except AmpError as error:
            self._refuse(str(error))
        self.named = set(values)
        self.without_effect = sorted(f"--{name}" for name in values if not has_effect(name))
        if "auto-gomemlimit" in self.options.features:
            self.without_effect.append("--enable-feature=auto-gomemlimit")
        self._check()

    def plain(self) -> dict[str, Any]:
        """As data; values stay out, they may hold passwords."""
        return {
            "verdict": "refused" if self.findings else "accepted",
            "given": sorted(f"--{name}" for name in self.named),
            "without_effect": self.without_effect,
        }

    def _refuse(self, text: str) -> None:
        self.findings.append(Finding(ERROR, _PASSWORD.sub("<secret>@", text), key="flags"))

    def _check(self) -> None:
        from amp._core import Matcher, MatcherError
        from amp.external import external_url

        options = self.options
        try:
            check_options(options)
            external_url(options.external_url, ":9093")
            Matcher("origin", "=~", options.cors_origin)
        except MatcherError as error:
            self._refuse(f"error parsing --web.cors.origin: {error}")
        except AmpError as error:
            self._refuse(str(error))
        self._check_replicas()
        if options.web_config_file:
            self._check_web(options.web_config_file)

    def _check_replicas(self) -> None:
        """Addresses are compared as they are written: nothing is looked up here."""
        options = self.options
        own = {options.cluster_listen_address, options.cluster_advertise_address}
        others = [name for name in options.cluster_peers if name not in own]
        if others and options.cluster_listen_address:
            self._refuse(
                f"--cluster.peer={others[0]} names another replica, and this version of AMP runs"
                " alone; --cluster.listen-address= (empty) runs one replica"
            )

    def _check_web(self, name: str) -> None:
        from amp.web.config import WebFile, check_users
        from amp.web.tls import check_start

        file = WebFile(name)
        try:
            config = file.read()
            check_users(config, name)
            if config.tls_server_config.enabled:
                check_start(config, file)
        except ConfigError as error:
            self.findings.append(Finding.of(error, name))
