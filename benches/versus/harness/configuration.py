"""The configuration of a run: 50 team routes, 20 inhibit rules, integrations at the sink."""

TEAMS = 50
_ALERTNAMES = 10
_CLUSTERS = 4
_SOURCES = (
    "NodeFilesystemAlmostOutOfSpace",
    "ErrorBudgetBurn",
    "NodeDown",
    "ClusterUnreachable",
    "DatacenterDown",
    "ControlPlaneDown",
    "EtcdNoLeader",
    "NetworkPartition",
    "StorageDown",
    "IngressDown",
    "DNSDown",
    "KafkaDown",
    "DatabaseDown",
    "CacheDown",
    "RegistryDown",
    "VaultSealed",
    "MeshDown",
    "GatewayDown",
    "QueueDown",
    "ZoneDown",
)


SHAPES = {
    "webhook": ("webhook_configs", "{{url: '{sink}/{name}'}}"),
    "slack": ("slack_configs", "{{api_url: '{sink}/slack/{name}', send_resolved: true}}"),
    "pagerduty": ("pagerduty_configs", "{{url: '{sink}/pagerduty', routing_key: {name}}}"),
}
"""The integration of each receiver, with its default texts."""


def text(
    sink_port: int,
    group_wait_seconds: int,
    group_interval_seconds: int,
    shape: str = "webhook",
) -> str:
    """Returns an alertmanager.yml.

    Routed alerts are grouped by alertname and cluster; those without a team's route form one group
    each. Two of the inhibition sources fire in every run, but for pods of their own.
    """
    lines = [
        "route:",
        "  receiver: default",
        "  group_by: [alertname, cluster, namespace, pod]",
        f"  group_wait: {group_wait_seconds}s",
        f"  group_interval: {group_interval_seconds}s",
        "  repeat_interval: 4h",
        "  routes:",
    ]
    for team in range(TEAMS):
        lines += [
            f"  - matchers: ['team=\"team-{team:02}\"']",
            f"    receiver: team-{team:02}",
            "    group_by: [alertname, cluster]",
        ]
    lines.append("inhibit_rules:")
    for source in _SOURCES:
        lines += [
            f"- source_matchers: ['alertname=\"{source}\"', 'severity=\"critical\"']",
            "  target_matchers: ['severity=~\"warning|info\"']",
            "  equal: [cluster, namespace, pod]",
        ]
    lines.append("receivers:")
    key, block = SHAPES[shape]
    for name in ["default", *(f"team-{team:02}" for team in range(TEAMS))]:
        entry = block.format(sink=f"http://127.0.0.1:{sink_port}", name=name)
        lines += [f"- name: {name}", f"  {key}: [{entry}]"]
    return "\n".join(lines) + "\n"


def groups(active: int) -> int:
    """Returns how many groups the first `active` routed alerts form."""
    return len(
        {
            (number % TEAMS, number // TEAMS // 4 % _ALERTNAMES, number // TEAMS // 40 % _CLUSTERS)
            for number in range(active)
        }
    )
