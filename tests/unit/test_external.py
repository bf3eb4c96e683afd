"""External URL, route prefix, peers."""

from __future__ import annotations

import pytest

from amp.errors import AmpError
from amp.external import external_url, peer, route_prefix, ulid


def test_the_default_names_host_and_bound_port() -> None:
    assert external_url("", "[::]:9093").endswith(":9093")


def test_trailing_slashes_go() -> None:
    url = external_url("http://h/pre/fix/", "x:1")
    assert url == "http://h/pre/fix"
    assert route_prefix(None, url) == "/pre/fix"
    assert route_prefix("/", url) == "/"
    assert route_prefix("foo/", url) == "/foo"


def test_only_http_schemes() -> None:
    with pytest.raises(AmpError, match="failed to determine external URL"):
        external_url("ftp://h/", "x:1")


def test_no_cluster_address_means_no_peer() -> None:
    assert peer("", "", "", ["other:9094"]) is None


def test_this_replica_is_its_own_peer() -> None:
    assert peer("127.0.0.1:9094", "", "me", ["127.0.0.1:9094"]) == ("me", "127.0.0.1:9094")


def test_another_replica_refuses_to_start() -> None:
    with pytest.raises(AmpError, match="notify several times"):
        peer("127.0.0.1:9094", "", "me", ["127.0.0.1:9095"])
    with pytest.raises(AmpError, match="nowhere"):
        peer("127.0.0.1:9094", "", "me", ["nowhere.invalid:9094"])


def test_names_of_peers_are_ulids() -> None:
    first, second = ulid(), ulid()
    assert first != second
    assert len(first) == 26


def test_a_socket_without_a_port_makes_no_url() -> None:
    with pytest.raises(AmpError) as caught:
        external_url("", "/run/amp/socket")
    assert str(caught.value) == (
        "failed to determine external URL: address /run/amp/socket: missing port in address"
    )
    assert external_url("http://alerts.example/", "/run/amp/socket") == "http://alerts.example"
