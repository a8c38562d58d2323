"""The figures of a benchmark, and their table."""

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass
class Load:
    """One load on one server; times in milliseconds."""

    clients: int
    throughput: float
    p50: float
    p99: float
    cpu_per_picture: float
    refused: int
    failed: int


@dataclass
class Row:
    """Figures of one server under all loads."""

    name: str
    ready_seconds: float
    ready_megabytes: float
    peak_megabytes: float = 0.0
    loads: list[Load] = field(default_factory=list)
    held_rate: float = 0.0


HEADINGS = (
    "server",
    "ready s",
    "MB ready / peak",
    "clients",
    "answers/s",
    "x reference",
    "p50 ms",
    "p99 ms",
    "CPU ms a picture",
    "x limit",
    "503",
    "failed",
)


def table(rows: Sequence[Row], bare: dict[str, float]) -> str:
    """Markdown; throughput also as a ratio to the reference's, processor time to the limit's."""
    reference = next((row for row in rows if row.name.startswith("reference")), None)
    lines = [
        HEADINGS,
        ("---",) * len(HEADINGS),
        _cells(
            "limit: decoding and engine, no HTTP",
            megabytes=f"{bare['megabytes']:.0f}",
            answers=f"{bare['throughput']:.0f}",
            cpu=f"{bare['cpu']:.2f}",
            x_limit="1.00",
        ),
    ]
    for row in rows:
        for index, load in enumerate(row.loads):
            base = reference.loads[index].throughput if reference else float("nan")
            first = index == 0
            lines.append(
                _cells(
                    row.name if first else "",
                    ready=f"{row.ready_seconds:.1f}" if first else "",
                    megabytes=(
                        f"{row.ready_megabytes:.0f} / {row.peak_megabytes:.0f}" if first else ""
                    ),
                    clients=str(load.clients),
                    answers=f"{load.throughput:.0f}",
                    x_reference=f"{load.throughput / base:.1f}",
                    p50=f"{load.p50:.1f}",
                    p99=f"{load.p99:.1f}",
                    cpu=f"{load.cpu_per_picture:.2f}",
                    x_limit=f"{load.cpu_per_picture / bare['cpu']:.2f}",
                    refused=str(load.refused),
                    failed=str(load.failed),
                )
            )
        lines.append(_cells("", clients="open loop", answers=f"{row.held_rate:.0f} held"))
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _cells(
    server: str,
    *,
    ready: str = "",
    megabytes: str = "",
    clients: str = "",
    answers: str = "",
    x_reference: str = "",
    p50: str = "",
    p99: str = "",
    cpu: str = "",
    x_limit: str = "",
    refused: str = "",
    failed: str = "",
) -> tuple[str, ...]:
    return (
        *(server, ready, megabytes, clients, answers, x_reference),
        *(p50, p99, cpu, x_limit, refused, failed),
    )
