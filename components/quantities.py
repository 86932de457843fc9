"""Quantities as Kubernetes writes them: another spelling would differ at each refresh."""

from __future__ import annotations


def cpu(millicores: int) -> str:
    """Return thousandths of a processor: `250m`, `2`."""
    return f"{millicores}m" if millicores % 1000 else str(millicores // 1000)


def memory(mib: int) -> str:
    """Return MiB: `256Mi`, `2Gi`."""
    return f"{mib}Mi" if mib % 1024 else f"{mib // 1024}Gi"
