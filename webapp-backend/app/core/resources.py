"""CPU and memory limits of this process, inside a container too."""

import os
from math import ceil
from pathlib import Path

_CGROUP = Path("/sys/fs/cgroup")
_UNKNOWN_MEMORY = 4 * 1024**3


def available_cpus(cgroup: Path = _CGROUP) -> int:
    """Cores by affinity and by the container's quota (cgroup version 2, else 1), at least 1."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    quota = _quota(cgroup)
    return max(1, min(cores or 1, ceil(quota) if quota else cores or 1))


def available_memory(cgroup: Path = _CGROUP) -> int:
    """Bytes of memory by the machine and by the container's limit."""
    if not hasattr(os, "sysconf"):  # Windows has no sysconf
        return _UNKNOWN_MEMORY
    machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    for name in ("memory.max", "memory/memory.limit_in_bytes"):
        try:
            return min(machine, int((cgroup / name).read_text()))
        except (OSError, ValueError):  # no such file, or "max"
            continue
    return machine


def _quota(cgroup: Path) -> float | None:
    try:
        allowed, period = (cgroup / "cpu.max").read_text().split()
    except (OSError, ValueError):
        try:
            allowed = (cgroup / "cpu" / "cpu.cfs_quota_us").read_text().strip()
            period = (cgroup / "cpu" / "cpu.cfs_period_us").read_text().strip()
        except OSError:
            return None
    # "max" and -1 stand for no quota.
    return int(allowed) / int(period) if allowed.isdigit() and int(period) else None
