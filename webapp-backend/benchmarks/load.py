"""Load on an HTTP service from a client that costs little itself.

Requests are prepared bytes sent over kept-alive sockets, so that on few cores the
client takes as little as can be of what the server needs.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

_BOUNDARY = "benchmark-boundary"
_BACK_OFF = 0.5


@dataclass
class Result:
    """Result of a load; latencies in seconds, of good answers only."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)

    @property
    def throughput(self) -> float:
        """Good answers a second."""
        return len(self.latencies) / self.seconds

    def quantile(self, share: float) -> float:
        """Quantile of the latencies of good answers, in seconds; `share` in [0, 1]."""
        if not self.latencies:
            return float("nan")
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def upload(path: str, picture: bytes, *, field_name: str = "image") -> bytes:
    """One POST of a picture as multipart/form-data."""
    body = (
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{field_name}"; '
        'filename="face.jpg"\r\nContent-Type: image/jpeg\r\n\r\n'
    ).encode() + picture
    body += f"\r\n--{_BOUNDARY}--\r\n".encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n"
        f"Content-Type: multipart/form-data; boundary={_BOUNDARY}\r\n\r\n"
    )
    return head.encode() + body


async def closed_loop(
    port: int, requests: Sequence[bytes], *, clients: int, seconds: float
) -> Result:
    """Each client sends its next request when it has the answer to its last.

    After a 503 a client waits half a second; the answer asks for one.
    """
    result = Result()
    begin = time.perf_counter()

    async def client(number: int) -> None:
        connection = Connection(port)
        turn = number
        while (start := time.perf_counter()) < begin + seconds:
            status = await connection.ask(requests[turn % len(requests)])
            _count(result, status, time.perf_counter() - start)
            turn += clients
            if status == 503:
                await asyncio.sleep(_BACK_OFF)
        connection.close()

    await asyncio.gather(*(client(number) for number in range(clients)))
    result.seconds = time.perf_counter() - begin
    return result


async def open_loop(port: int, requests: Sequence[bytes], *, rate: float, seconds: float) -> Result:
    """Requests arrive at a fixed rate, whether or not earlier ones are answered.

    Latency counts from the time when a request was due, so that it includes stalls.
    """
    result = Result()
    idle: list[Connection] = []
    begin = time.perf_counter()

    async def one(number: int, due: float) -> None:
        connection = idle.pop() if idle else Connection(port)
        status = await connection.ask(requests[number % len(requests)])
        idle.append(connection)
        _count(result, status, time.perf_counter() - due)

    async with asyncio.TaskGroup() as group:
        for number in range(int(rate * seconds)):
            due = begin + number / rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            group.create_task(one(number, due))
    for connection in idle:
        connection.close()
    result.seconds = time.perf_counter() - begin
    return result


def _count(result: Result, status: int, latency: float) -> None:
    result.statuses[status] += 1
    if status == 200:
        result.latencies.append(latency)


class Connection:
    """One socket, opened for the first request and again after the server closed it."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, request: bytes) -> int:
        """Send a request, read the whole answer, return its status; 0 where none came."""
        try:
            if self._streams is None:
                self._streams = await asyncio.open_connection("127.0.0.1", self._port)
            reader, writer = self._streams
            writer.write(request)
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            await _skip_body(reader, head)
        except (OSError, asyncio.IncompleteReadError):
            self.close()
            return 0
        if b"connection: close" in head:
            self.close()
        return int(head.split(b" ", 2)[1])

    def close(self) -> None:
        """Close the socket."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


async def _skip_body(reader: asyncio.StreamReader, head: bytes) -> None:
    if b"transfer-encoding: chunked" in head:
        while size := int(await reader.readline(), 16):
            await reader.readexactly(size + 2)
        await reader.readline()
        return
    _, _, rest = head.partition(b"content-length:")
    await reader.readexactly(int(rest.split(b"\r\n", 1)[0]) if rest else 0)
