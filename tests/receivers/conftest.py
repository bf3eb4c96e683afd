"""Clients of this folder's tests."""

from web import clients

__all__ = ["clients"]
