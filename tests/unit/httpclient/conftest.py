"""Servers and clients of this folder's tests."""

from web import clients, listeners

__all__ = ["clients", "listeners"]
