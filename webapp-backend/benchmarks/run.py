"""Serves one model with each of the named services, under the same load, and prints a table.

`make benchmark` installs the peers and runs it. Read the ratios: all rows come from one
run on one machine, by the same client, with the same pictures and the same model file.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from load import Connection, Result, closed_loop, open_loop, upload
from peers import Server, cpu_seconds, megabytes, servers, started
from report import Load, Row, table

from app.core.subprocesses import free_port

HERE = Path(__file__).parent
CLIENTS = (1, 4, 16, 64)
P99_SECONDS = 0.25
_PATIENCE = 180.0


async def until_ready(port: int, request: bytes) -> None:
    """Wait for the first good answer."""
    give_up = time.monotonic() + _PATIENCE
    while time.monotonic() < give_up:
        connection = Connection(port)
        status = await connection.ask(request)
        connection.close()
        if status == 200:
            return
        await asyncio.sleep(0.05)
    raise TimeoutError


def measure(server: Server, pictures: Sequence[bytes], seconds: float) -> Row:
    """Measure one server under all loads."""
    requests = [upload(server.path, picture, field_name=server.field) for picture in pictures]
    # A first start fills caches, also that of converted models: measured is any later one.
    port = free_port()
    with started(server, port):
        asyncio.run(until_ready(port, requests[0]))
    port = free_port()
    begin = time.perf_counter()
    with started(server, port) as root:
        asyncio.run(until_ready(port, requests[0]))
        row = Row(server.name, time.perf_counter() - begin, megabytes(root))
        asyncio.run(closed_loop(port, requests, clients=4, seconds=min(3.0, seconds)))
        for clients in CLIENTS:
            before = cpu_seconds(root)
            result = asyncio.run(closed_loop(port, requests, clients=clients, seconds=seconds))
            row.loads.append(_load(clients, result, cpu_seconds(root) - before))
            row.peak_megabytes = max(row.peak_megabytes, megabytes(root))
        row.held_rate = held_rate(port, requests, row.loads[2].throughput, seconds)
    return row


def held_rate(port: int, requests: Sequence[bytes], guess: float, seconds: float) -> float:
    """Highest arrival rate, in tenths of `guess`, with p99 under 250 ms and nothing refused."""
    best = 0.0
    for tenths in (5, 6, 7, 8, 9, 10, 11, 12):
        rate = guess * tenths / 10
        result = asyncio.run(open_loop(port, requests, rate=rate, seconds=seconds))
        if set(result.statuses) != {200} or result.quantile(0.99) > P99_SECONDS:
            break
        best = rate
    return best


def _load(clients: int, result: Result, cpu: float) -> Load:
    good = len(result.latencies)
    return Load(
        clients=clients,
        throughput=result.throughput,
        p50=result.quantile(0.5) * 1000,
        p99=result.quantile(0.99) * 1000,
        cpu_per_picture=cpu / max(1, good) * 1000,
        refused=result.statuses[503],
        failed=sum(count for status, count in result.statuses.items() if status not in (200, 503)),
    )


def limit(model: Path, pictures: Path, seconds: float) -> dict[str, float]:
    """Measure decoding and the bare engine in one process, without HTTP."""
    command = [sys.executable, str(HERE / "limit.py"), str(model), str(pictures), str(seconds)]
    limits: dict[str, float] = json.loads(subprocess.check_output(command))
    return limits


def main() -> None:
    """Run the selected services."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path, help="a .keras file, alone or among others")
    parser.add_argument("pictures", type=Path, help="folder of pictures to send")
    parser.add_argument("--seconds", type=float, default=8.0, help="of each load")
    parser.add_argument("--state", type=Path, default=Path(".state/benchmark"))
    parser.add_argument("--bentoml", type=Path, help="BentoML's command, where it is installed")
    parser.add_argument("--only", help="names that contain this")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    arguments = parser.parse_args()
    pictures = [path.read_bytes() for path in sorted(arguments.pictures.glob("*.jpg"))[:64]]
    model, state = arguments.model.resolve(), arguments.state.resolve()
    bare = limit(model, arguments.pictures, arguments.seconds)
    rows = []
    for server in servers(model, state, arguments.bentoml):
        if arguments.only is None or arguments.only in server.name:
            print(f"{server.name} …", file=sys.stderr)
            rows.append(measure(server, pictures, arguments.seconds))
    print(table(rows, bare))
    if arguments.json:
        arguments.json.write_text(json.dumps([bare, *map(asdict, rows)], indent=1))


if __name__ == "__main__":
    main()
