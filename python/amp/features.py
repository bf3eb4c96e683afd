"""The names that `--enable-feature` takes."""

from __future__ import annotations

FEATURES = {
    "alert-names-in-metrics": "Alert names in metrics enabled",
    "receiver-name-in-metrics": "Experimental receiver name in metrics enabled",
    "group-key-in-metrics": "Experimental group key in metrics enabled",
    "classic-mode": "Classic mode enabled",
    "utf8-strict-mode": "UTF-8 strict mode enabled",
    "auto-gomemlimit": "Automatically set GOMEMLIMIT to match the Linux container or system"
    " memory limit.",
    "event-recorder": "Experimental event recorder enabled",
}
"""What `--enable-feature` takes, and the line of the log for each."""
