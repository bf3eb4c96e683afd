"""`amtool cluster show` (Upstream: cli/cluster.go, cli/format FormatClusterStatus)."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any

from amp.cli.amtool.json_text import encode
from amp.cli.amtool.status import status
from amp.cli.amtool.table import aligned

if TYPE_CHECKING:
    from amp.cli.amtool.invocation import Invocation


def cluster(invocation: Invocation) -> None:
    """Shows the state of the cluster; the extended form shows its peers, too."""
    found = status(invocation, "cluster")["cluster"]
    form = invocation.values.text("output")
    if form == "json":
        invocation.write(f"{encode(found)}\n")
        return
    text = f"Cluster Status:\t{found['status'] or ''}\nNode Name:\t{found.get('name', '')}\n"
    if form == "extended":
        peers = sorted(found["peers"] or (), key=_place)
        rows = [f"{peer['address']}\t{peer['name']}\t\n" for peer in peers]
        text += "\n" + "".join(["Address\tName\n", *rows])
    invocation.write(aligned(text))


def _place(peer: dict[str, Any]) -> tuple[bytes, int]:
    """By address, then by port; names come before addresses."""
    host, _, port = peer["address"].rpartition(":")
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return b"", int(port) if port.isdigit() else 0
    whole = address.packed if address.version == 6 else b"\0" * 10 + b"\xff\xff" + address.packed
    return whole, int(port) if port.isdigit() else 0
