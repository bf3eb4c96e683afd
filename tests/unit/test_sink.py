"""The sink that acceptance tests deliver to."""

from __future__ import annotations

import http.client

from sink import SinkProcess


def post(sink: SinkProcess, path: str, body: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", sink.port, timeout=10)
    try:
        connection.request("POST", path, body)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def test_it_remembers_and_answers_as_told():
    with SinkProcess() as sink:
        sink.behave("/a", status=503, times=1, body="busy")
        assert post(sink, "/a", '{"x": 1}') == (503, b"busy")
        assert post(sink, "/a", '{"x": 2}') == (200, b"")
        sink.behave("/slow", delay_seconds=0.05)
        assert post(sink, "/slow", "text") == (200, b"")
        came = sink.wait(3)
        assert [(one.path, one.status, one.body) for one in came] == [
            ("/a", 503, '{"x": 1}'),
            ("/a", 200, '{"x": 2}'),
            ("/slow", 200, "text"),
        ]
        assert came[0].json() == {"x": 1}
        assert came[0].at_ns <= came[1].at_ns <= came[2].at_ns
        assert sink.received(after=2) == came[2:]
        sink.forget()
        assert sink.received() == []
