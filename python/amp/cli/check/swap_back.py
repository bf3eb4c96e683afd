"""Whether Alertmanager can take over again, and what it would not know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from amp.cli.check.differences import mixed_mail_secret

if TYPE_CHECKING:
    from amp.cli.check.differences import Looked
    from amp.cli.check.storage import Storage


def swap_back(looked: Looked | None, storage: Storage | None) -> dict[str, Any]:
    """`safe`, with what speaks against it, what to do before, and what is lost.

    Args:
        looked: the accepted configuration, None without one.
        storage: the storage folder, None without one.
    """
    against: list[str] = []
    before: list[str] = []
    lost = ["active alerts: their senders repeat them within a minute or so"]
    if looked is not None:
        _of_configuration(looked, against, before, lost)
    if storage is not None:
        _of_storage(storage, against, before, lost)
    return {"safe": not against, "against": against, "before": before, "lost": lost}


def _of_configuration(
    looked: Looked, against: list[str], before: list[str], lost: list[str]
) -> None:
    if looked.null_http_config and any(True for _ in looked.clients()):
        against.append("global.http_config: null crashes Alertmanager: remove the line")
    own = sorted(f"--{name}" for name in looked.named if name.startswith("amp."))
    if own:
        before.append(f"remove the flags that Alertmanager refuses: {', '.join(own)}")
    if mixed_mail_secret(looked):
        lost.append(
            "a mail receiver's own auth_secret, beside which Alertmanager has the file of global"
        )
    kinds = sorted({block.kind for block in looked.reached if block.file})
    if kinds:
        lost.append(f"notifications of amp.yml's integrations: {', '.join(kinds)}")


def _of_storage(storage: Storage, against: list[str], before: list[str], lost: list[str]) -> None:
    found = storage.found
    for name in ("silences", "nflog"):
        file = found.get(name)
        if file is not None and not file["readable"]:
            against.append(f"the file {name} cannot be read, and Alertmanager refuses to start")
    if found.get("running"):
        before.append("stop AMP, which writes the files nflog and silences then")
    database = found.get("amp.db")
    if database is None:
        return
    lost.append("what is in amp.db alone: Alertmanager reads nflog and silences")
    if not found.get("running") and not (database.get("closed") and _written(found)):
        before.append("start and stop AMP once: what came last is in amp.db alone")


def _written(found: dict[str, Any]) -> bool:
    """Whether both files are there, as a stop leaves them."""
    return found.get("silences") is not None and found.get("nflog") is not None
