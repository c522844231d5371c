"""The name server of an engine of ours: it knows the package index, and nothing else."""

import os
import signal
from pathlib import Path

from autograder.engine import processes
from autograder.public_index import HOST_NAMES


def configure(run: Path, inside: str, gateway: str) -> None:
    """Write dnsmasq's configuration; `inside` is where the engine sees its run folder.

    With no server to ask and every name local, an unknown name is NXDOMAIN at once.
    """
    settings = (
        f"listen-address={gateway}",
        "bind-interfaces",
        "no-resolv",
        "no-hosts",
        f"addn-hosts={inside}/hosts",
        "local=/#/",
        f"pid-file={inside}/dnsmasq.pid",
    )
    (run / "dnsmasq.conf").write_text("\n".join(settings) + "\n")
    (run / "hosts").write_text("")


def point_index_at(run: Path, address: str) -> None:
    """Answer the index's host names with `address`, from now until the engine stops."""
    if changed(run, address):
        for pid in processes.marked(run, "dnsmasq"):
            os.kill(pid, signal.SIGHUP)


def changed(run: Path, address: str) -> bool:
    """Write the index's address down; whether the name server is to read it again."""
    lines = "".join(f"{address} {host}\n" for host in HOST_NAMES)
    if (run / "hosts").read_text() == lines:
        return False
    (run / "hosts").write_text(lines)
    return True


def index_address(run: Path) -> str | None:
    """The address that the index's host names have now."""
    hosts = run / "hosts"
    return hosts.read_text().split()[0] if hosts.exists() and hosts.stat().st_size else None
