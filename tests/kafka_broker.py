"""A small Kafka broker that keeps what is produced.

It speaks the documented protocol as far as producers need it: ApiVersions, Metadata,
InitProducerId and Produce, record batches of version 2 with each compression.
Everything else ends the connection.
"""

from __future__ import annotations

import contextlib
import gzip
import io
import socketserver
import struct
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import cramjam

if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import Sequence

PRODUCE, METADATA, API_VERSIONS, INIT_PRODUCER = 0, 3, 18, 22
VERSIONS = {PRODUCE: (3, 3), METADATA: (1, 1), API_VERSIONS: (0, 0), INIT_PRODUCER: (0, 0)}
UNSUPPORTED_VERSION = 35
COMPRESSIONS = ("none", "gzip", "snappy", "lz4", "zstd")
XERIAL = b"\x82SNAPPY\x00"


@dataclass(frozen=True)
class Produced:
    """One record and how it came."""

    topic: str
    key: bytes | None
    value: bytes
    acks: int
    compression: str
    client_id: str
    producer_id: int


class Reader:
    """Reads the protocol's types; everything is big endian."""

    def __init__(self, data: bytes) -> None:
        self._data = io.BytesIO(data)

    def number(self, form: str) -> int:
        size = struct.calcsize(f">{form}")
        return int(struct.unpack(f">{form}", self._data.read(size))[0])

    def bytes(self, form: str = "i") -> bytes | None:
        size = self.number(form)
        return None if size < 0 else self._data.read(size)

    def text(self) -> str:
        return (self.bytes("h") or b"").decode()

    def varint(self) -> int:
        number = shift = 0
        while True:
            byte = self._data.read(1)[0]
            number |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return number >> 1 ^ -(number & 1)

    def varbytes(self) -> bytes | None:
        size = self.varint()
        return None if size < 0 else self._data.read(size)

    def rest(self) -> bytes:
        return self._data.read()


def text(value: str) -> bytes:
    return struct.pack(">h", len(value)) + value.encode()


class Broker:
    """Listens on a free port of the loopback address.

    Attributes:
        refusal: the error that answers what is produced, 0 for none.
        answering: whether what is produced is answered at all.
    """

    def __init__(
        self, context: ssl.SSLContext | None = None, topics: Sequence[str] = ("events",)
    ) -> None:
        self.records: list[Produced] = []
        self.changed = threading.Condition()
        self.refusal = 0
        self.answering = True
        self._topics = topics
        broker = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                with contextlib.suppress(OSError, struct.error):
                    broker._serve(self.request)

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True
            allow_reuse_address = True

            def get_request(self) -> tuple[socket.socket, object]:
                connection, address = super().get_request()
                if context is None:
                    return connection, address
                return context.wrap_socket(connection, server_side=True), address

        self._server = Server(("127.0.0.1", 0), Handler)
        self.port = int(self._server.server_address[1])
        self.address = f"127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def wait(self, count: int, seconds: float = 20.0) -> list[Produced]:
        """The records, once so many are there."""
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.records) >= count, seconds), len(
                self.records
            )
            return list(self.records)

    def _serve(self, connection: socket.socket) -> None:
        while True:
            head = _exactly(connection, 4)
            request = Reader(_exactly(connection, struct.unpack(">i", head)[0]))
            api, version = request.number("h"), request.number("h")
            correlation, client = request.number("i"), request.text()
            answer = self._answer(api, version, request, client)
            if answer is not None:
                body = struct.pack(">i", correlation) + answer
                connection.sendall(struct.pack(">i", len(body)) + body)

    def _answer(self, api: int, version: int, request: Reader, client: str) -> bytes | None:
        if api == API_VERSIONS:
            low, high = VERSIONS[api]
            return self._versions(0 if low <= version <= high else UNSUPPORTED_VERSION)
        low, high = VERSIONS[api]
        assert low <= version <= high
        if api == METADATA:
            return self._metadata()
        if api == INIT_PRODUCER:
            return struct.pack(">ihqh", 0, 0, 7, 0)
        return self._produce(request, client)

    def _versions(self, error: int) -> bytes:
        rows = b"".join(struct.pack(">hhh", api, *both) for api, both in VERSIONS.items())
        return struct.pack(">hi", error, len(VERSIONS)) + rows

    def _metadata(self) -> bytes:
        broker = struct.pack(">i", 1) + text("127.0.0.1") + struct.pack(">ih", self.port, -1)
        partition = struct.pack(">hiiiiii", 0, 0, 1, 1, 1, 1, 1)
        rows = [
            struct.pack(">h", 0) + text(name) + struct.pack(">?i", False, 1) + partition
            for name in self._topics
        ]
        head = struct.pack(">i", 1) + broker + struct.pack(">ii", 1, len(rows))
        return head + b"".join(rows)

    def _produce(self, request: Reader, client: str) -> bytes | None:
        request.bytes("h")  # the transaction
        acks, _ = request.number("h"), request.number("i")
        topics = b""
        count = request.number("i")
        for _ in range(count):
            name = request.text()
            partitions = request.number("i")
            topics += text(name) + struct.pack(">i", partitions)
            for _ in range(partitions):
                index = request.number("i")
                batch = request.bytes() or b""
                if not self.refusal and self.answering:
                    self._keep(name, batch, acks, client)
                topics += struct.pack(">ihqq", index, self.refusal, 0, -1)
        if acks == 0 or not self.answering:
            return None
        return struct.pack(">i", count) + topics + struct.pack(">i", 0)

    def _keep(self, topic: str, data: bytes, acks: int, client: str) -> None:
        batch = Reader(data)
        batch.number("q")
        batch.number("i")
        batch.number("i")
        assert batch.number("b") == 2
        batch.number("I")
        compression = COMPRESSIONS[batch.number("h") & 7]
        batch.number("i")
        batch.number("q")
        batch.number("q")
        producer_id = batch.number("q")
        batch.number("h")
        batch.number("i")
        count = batch.number("i")
        records = Reader(_unpacked(batch.rest(), compression))
        found = []
        for _ in range(count):
            records.varint()
            records.number("b")
            records.varint()
            records.varint()
            key, value = records.varbytes(), records.varbytes() or b""
            assert records.varint() == 0
            found.append(Produced(topic, key, value, acks, compression, client, producer_id))
        with self.changed:
            self.records += found
            self.changed.notify_all()


def _exactly(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        piece = connection.recv(size - len(data))
        if not piece:
            raise ConnectionResetError
        data += piece
    return data


def _unpacked(data: bytes, compression: str) -> bytes:
    if compression == "gzip":
        return gzip.decompress(data)
    if compression == "lz4":
        return bytes(cramjam.lz4.decompress(data))
    if compression == "zstd":
        return bytes(cramjam.zstd.decompress(data))
    if compression == "snappy":
        return _unsnapped(data)
    return data


def _unsnapped(data: bytes) -> bytes:
    """Blocks behind their lengths, as Java's library frames them, or one bare block."""
    if not data.startswith(XERIAL):
        return bytes(cramjam.snappy.decompress_raw(data))
    blocks = Reader(data[16:])
    out = b""
    with contextlib.suppress(struct.error):
        while True:
            out += bytes(cramjam.snappy.decompress_raw(blocks.bytes() or b""))
    return out
