"""The longer help texts of `amtool`."""

from __future__ import annotations

_MATCHERS = """Each argument is one matcher: name=value, name!=value, name=~pattern or
name!~pattern. If the first argument is none, it is taken for the alertname:

\tamtool {command} alertname=Down node=web1

\tamtool {command} Down node=web1

\tamtool {command} 'alertname=~Down.*'"""

ROOT = """Show and change what an Alertmanager holds: alerts, silences, configuration.

Every flag may have its default in $HOME/.config/amtool/config.yml or in
/etc/amtool/config.yml; the first of them that names a flag wins, and the command line
wins over both. They are YAML files of names and values, for instance:

\talertmanager.url: http://localhost:9093
\tauthor: me@example.com
\trequire-comment: true
\toutput: extended
\tdate.format: 2006-01-02 15:04:05 MST
\thttp.config.file: /etc/amtool/http.yml"""

ALERT_QUERY = f"""Show alerts.

{_MATCHERS.format(command="alert query")}

The flags name the states to show. Without any of them active alerts are shown."""

ALERT_ADD = """Add an alert.

\tamtool alert add alertname=Down node=web1

If the first label has no '=', it is the alertname:

\tamtool alert add Down node=web1 --annotation=summary='web1 is down'"""

SILENCE_ADD = f"""Add a silence for the alerts that all matchers fit, and show its identifier.

{_MATCHERS.format(command="silence add")}"""

SILENCE_IMPORT = """Add silences from a JSON file, or from standard input when no file is named.

\tamtool silence query -o json Down > silences.json

\tamtool silence import silences.json"""

SILENCE_QUERY = f"""Show silences.

{_MATCHERS.format(command="silence query")}

With --within only silences are shown that end within that time; with --expired, too,
those that ended within it:

\tamtool silence query --within 8h

\tamtool silence query --within 2h --expired"""

CHECK_CONFIG = """Check configuration files and the templates that they name.

Without files standard input is checked. Template files that do not exist are no fault."""

CLUSTER = "Show the cluster and its peers."

CONFIG = """Show the running configuration.

The form of the output decides how much: simple shows the configuration, extended the
version and the start, too, json all of it as an object."""

ROUTES = """Show the routing tree.

It comes from a configuration file (--config.file) or from a running Alertmanager
(--alertmanager.url); the file wins.

\tamtool config routes show --config.file=alertmanager.yml"""

ROUTES_TEST = """Show which receivers an alert with these labels reaches, in the routes' order.

The routes come from a configuration file (--config.file) or from a running Alertmanager
(--alertmanager.url); the file wins.

\tamtool config routes test --config.file=alertmanager.yml --verify.receivers=db team=db"""

TEMPLATE_RENDER = "Render a text with template files and show the result."
