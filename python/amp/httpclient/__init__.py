"""Requests to receivers: HTTP/1.1 over pooled connections, with what `http_config` can ask for."""

from amp.httpclient.client import HttpClient, HttpClients
from amp.httpclient.failure import RequestError
from amp.httpclient.response import Response

__all__ = ["HttpClient", "HttpClients", "RequestError", "Response"]
