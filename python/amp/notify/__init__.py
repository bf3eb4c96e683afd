"""Stages that deliver: fan-out, deduplication, retry, log."""
