"""Latency of the health check while a service is overloaded.

`python pressure.py PORT PICTURES` prints a table. 64 clients request predictions by all models
without pause, more than the service can serve; meanwhile another process requests /api/health, as
an orchestrator would, and measures the latency of each answer.
"""

import argparse
import asyncio
import multiprocessing
import time
from multiprocessing.queues import Queue
from pathlib import Path

from load import Connection, Result, closed_loop, upload

_HEALTH = b"GET /api/health HTTP/1.1\r\nHost: localhost\r\n\r\n"
_EVERY_SECONDS = 0.05


def probe(port: int, seconds: float, results: "Queue[Result]") -> None:
    """Request the health check repeatedly."""

    async def ask() -> Result:
        result, connection = Result(), Connection(port)
        end = time.perf_counter() + seconds
        while (start := time.perf_counter()) < end:
            status = await connection.ask(_HEALTH)
            result.statuses[status] += 1
            result.latencies.append(time.perf_counter() - start)
            await asyncio.sleep(_EVERY_SECONDS)
        return result

    results.put(asyncio.run(ask()))


def main() -> None:
    """Run both and print a row."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("pictures", type=Path)
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=15.0)
    arguments = parser.parse_args()
    pictures = [path.read_bytes() for path in sorted(arguments.pictures.glob("*.jpg"))[:64]]
    path = "/api/predict?models=all&history=false"
    requests = [upload(path, picture) for picture in pictures]
    queue: Queue[Result] = multiprocessing.Queue()
    prober = multiprocessing.Process(target=probe, args=(arguments.port, arguments.seconds, queue))
    prober.start()
    work = asyncio.run(
        closed_loop(arguments.port, requests, clients=arguments.clients, seconds=arguments.seconds)
    )
    health = queue.get()
    prober.join()
    others = {status: n for status, n in work.statuses.items() if status not in (200, 503)}
    print("| clients | answers/s | 503/s | others | p50 ms | p99 ms | health p50 / p99 / max ms |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    print(
        f"| {arguments.clients} | {work.throughput:.0f} | {work.statuses[503] / work.seconds:.0f} "
        f"| {others or 0} | {work.quantile(0.5) * 1000:.0f} | {work.quantile(0.99) * 1000:.0f} "
        f"| {health.quantile(0.5) * 1000:.1f} / {health.quantile(0.99) * 1000:.1f} "
        f"/ {max(health.latencies) * 1000:.1f} |"
    )
    print(f"health: {dict(health.statuses)}")


if __name__ == "__main__":
    main()
