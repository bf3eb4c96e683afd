"""The commands and flags of `amtool` (Upstream: cli/root.go, the configure functions)."""

from __future__ import annotations

import os

from amp.cli.amtool import help_text as text
from amp.cli.command_line.clause import BUILTIN, VERSION, Argument, Command, Flag
from amp.cli.command_line.value import (
    BOOLEAN,
    DURATION,
    EXISTING_FILE,
    EXISTING_FILES,
    READABLE_FILE,
    TEXT,
    TEXTS,
    URL,
    WHOLE,
    enumeration,
)
from amp.features import FEATURES

DATE_FORMAT = "2006-01-02 15:04:05 MST"
URL_FLAG = "alertmanager.url"
_MATCHERS = Argument("matcher-groups", "What to ask for.", TEXTS)
_START = "When it starts (2006-01-02T15:04:05-07:00)."
_END = "When it ends (2006-01-02T15:04:05-07:00)."


def program() -> Command:
    """The whole program."""
    return Command(
        "amtool",
        text.ROOT,
        flags=_flags(),
        commands=(
            Command("help", "Show help.", argument=Argument("command", "The command.", TEXTS)),
            _alert(),
            _silence(),
            Command(
                "check-config",
                text.CHECK_CONFIG,
                argument=Argument("check-files", "Files to check.", EXISTING_FILES),
                run="check_config:check_config",
            ),
            Command("cluster", text.CLUSTER, commands=(_show("cluster_show", text.CLUSTER),)),
            _config(),
            Command("template", "Render template files.", commands=(_template_render(),)),
        ),
    )


def _flags() -> tuple[Flag, ...]:
    return (
        *BUILTIN,
        Flag("date.format", "How dates are shown (a layout of Go's).", default=DATE_FORMAT),
        Flag("verbose", "Show how matchers are read.", BOOLEAN, short="v"),
        Flag(URL_FLAG, "The Alertmanager to talk to.", URL),
        Flag(
            "output",
            "Form of the output (simple, extended, json).",
            enumeration("simple", "extended", "json"),
            short="o",
            default="simple",
        ),
        Flag("timeout", "Longest time that the command may take.", DURATION, default="30s"),
        Flag(
            "http.config.file",
            "File that says how to talk HTTP to Alertmanager.",
            EXISTING_FILE,
            placeholder="<filename>",
        ),
        Flag(
            "version-check",
            "Warn when Alertmanager has another version (--no-version-check: do not ask).",
            BOOLEAN,
            default="true",
        ),
        Flag(
            "enable-feature",
            f"Features, separated by commas: {', '.join(FEATURES)}.",
            default="",
        ),
        VERSION,
    )


def _alert() -> Command:
    query = Command(
        "query",
        text.ALERT_QUERY,
        flags=(
            Flag("inhibited", "Show inhibited alerts.", BOOLEAN, short="i"),
            Flag("silenced", "Show silenced alerts.", BOOLEAN, short="s"),
            Flag("active", "Show active alerts.", BOOLEAN, short="a"),
            Flag("unprocessed", "Show unprocessed alerts.", BOOLEAN, short="u"),
            Flag("receiver", "Show alerts of receivers that match this pattern.", short="r"),
        ),
        argument=_MATCHERS,
        default=True,
        run="alert_query:query_alerts",
    )
    add = Command(
        "add",
        text.ALERT_ADD,
        flags=(
            Flag("generator-url", "URL of what made the alert."),
            Flag("start", _START),
            Flag("end", _END),
            Flag("annotation", "An annotation of the alert (name=value).", TEXTS),
        ),
        argument=Argument("labels", "Labels of the alert (name=value).", TEXTS),
        run="alert_add:add_alert",
    )
    return Command("alert", "Add alerts or show them.", commands=(query, add), needs=URL_FLAG)


def _silence() -> Command:
    ids = "Identifiers of silences."
    duration = "How long it lasts."
    comment = Flag("comment", "Why it is there.", short="c")
    add = Command(
        "add",
        text.SILENCE_ADD,
        flags=(
            Flag("author", "Who silences.", short="a", default=_user_name()),
            Flag(
                "require-comment", "Refuse without comment.", BOOLEAN, hidden=True, default="true"
            ),
            Flag("duration", duration, short="d", default="1h"),
            Flag("start", _START),
            Flag("end", f"{_END} It wins over --duration."),
            comment,
            Flag("annotation", "An annotation of the silence (name=value).", TEXTS),
        ),
        argument=_MATCHERS,
        run="silence_add:add_silence",
    )
    expire = Command(
        "expire",
        "End silences.",
        argument=Argument("silence-ids", ids, TEXTS),
        run="silence_expire:expire_silences",
    )
    import_ = Command(
        "import",
        text.SILENCE_IMPORT,
        flags=(
            Flag("force", "Make new silences even of those that exist.", BOOLEAN, short="f"),
            Flag("worker", "How many are sent at a time.", WHOLE, short="w", default="8"),
        ),
        argument=Argument("input-file", "File with silences in JSON.", EXISTING_FILE),
        run="silence_import:import_silences",
    )
    update = Command(
        "update",
        "Change silences.",
        flags=(
            Flag("quiet", "Show identifiers only.", BOOLEAN, short="q"),
            Flag("duration", duration, short="d"),
            Flag("start", _START),
            Flag("end", f"{_END} It wins over --duration."),
            comment,
        ),
        argument=Argument("update-ids", ids, TEXTS),
        run="silence_update:update_silences",
    )
    return Command(
        "silence",
        "Add, end, change or show silences. The help of query tells more.",
        commands=(add, expire, import_, _silence_query(), update),
        needs=URL_FLAG,
    )


def _silence_query() -> Command:
    return Command(
        "query",
        text.SILENCE_QUERY,
        flags=(
            Flag("expired", "Show ended silences instead of the others.", BOOLEAN),
            Flag("quiet", "Show identifiers only.", BOOLEAN, short="q"),
            Flag("created-by", "Show silences of this author."),
            Flag("id", "Show the silence with this identifier."),
            Flag("within", "Show silences that end (or ended) within this time.", DURATION),
        ),
        argument=_MATCHERS,
        default=True,
        run="silence_query:query_silences",
    )


def _show(module: str, help: str) -> Command:
    return Command(
        "show", help, default=True, run=f"{module}:{module.replace('_show', '')}", needs=URL_FLAG
    )


def _config() -> Command:
    test = Command(
        "test",
        text.ROUTES_TEST,
        flags=(
            Flag("verify.receivers", "Fail unless exactly these receivers are reached."),
            Flag("tree", "Show the routes that match, too.", BOOLEAN),
        ),
        argument=Argument("labels", "Labels of an alert (name=value).", TEXTS),
        run="routes_test:show_receivers",
    )
    show = Command("show", text.ROUTES, default=True, run="routes_show:show_routes")
    file = Flag("config.file", "Configuration file to look at.", EXISTING_FILE)
    routes = Command("routes", text.ROUTES, flags=(file,), commands=(show, test))
    return Command("config", text.CONFIG, commands=(_show("config_show", text.CONFIG), routes))


def _template_render() -> Command:
    return Command(
        "render",
        text.TEMPLATE_RENDER,
        flags=(
            Flag("template.glob", "Pattern of template files.", TEXTS, required=True),
            Flag("template.text", "The text to render.", TEXT, required=True),
            Flag(
                "template.type",
                "How the text is rendered: text (unless given) or html.",
                enumeration("html", "text"),
            ),
            Flag(
                "template.data",
                "File with the data in JSON, in the shape of a webhook's body; without it a small"
                " example is rendered.",
                READABLE_FILE,
            ),
        ),
        run="template_render:render_template",
    )


def _user_name() -> str:
    """The name of whoever runs the program (Go: user.Current)."""
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return os.environ.get("USER", "")
