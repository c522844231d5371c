"""Keeps what runs on a grading engine apart: it all shares a bridge, where one may pose as another.

A RUN may send any frame, so one stage could answer in the name of the package index, and what
another installs would be cached under an honest text. Only the index's own port on the bridge tells
the index's frames from others: addresses are what the sender says.
"""

from collections.abc import Callable
from ipaddress import IPv4Network

import docker

from autograder.errors import EngineUnavailable, NotJudged

_RULES = """
set -eu
PATH=/usr/sbin:/usr/bin:/sbin:/bin
port=$(ip -o link | sed -n 's/^{link}: \\([^@:]*\\).*/\\1/p')
[ -n "$port" ]
ebtables-nft-restore <<END
*filter
:INPUT DROP
:FORWARD DROP
:OUTPUT ACCEPT
-A INPUT -p 0x0806 -j ACCEPT
-A INPUT -p 0x0800 --ip-dst {gateway} -j ACCEPT
-A FORWARD -i $port -j ACCEPT
-A FORWARD -o $port -j ACCEPT
-A FORWARD -p 0x0806 ! --arp-ip-src {subnet} ! --arp-ip-dst {subnet} -j ACCEPT
-A FORWARD -p 0x0800 ! --ip-src {subnet} ! --ip-dst {subnet} -j ACCEPT
END
"""
"""From the bridge's ports: to the gateway what is for itself, so that it passes nothing on; to each
other what comes from the index or goes to it. The last two are for the private networks, whose
bridges are others; not every kernel can tell frames by their bridge. So stages of one hand-in may
talk by addresses that nobody has: they cannot speak for the index. All rules change at once, and
one that is not there lets nothing through."""


def keep_apart(
    client: docker.DockerClient, index: str, ask: Callable[[str], tuple[int, str]]
) -> None:
    """From now on nothing on the default bridge reaches another there, but for the index.

    Frames that name no address of the bridge's are let pass.

    index: the name of its container, which runs.
    ask: runs a shell script in the engine's network, and tells its exit code and its words.

    Raises EngineUnavailable where the kernel cannot.
    """
    config = client.networks.get("bridge").attrs["IPAM"]["Config"]
    row = next(row for row in config if ":" not in row["Subnet"])
    network = IPv4Network(row["Subnet"])
    gateway = row.get("Gateway") or network[1]
    told = client.containers.get(index).exec_run(["cat", "/sys/class/net/eth0/iflink"])
    if told.exit_code or not isinstance(told.output, bytes):
        raise NotJudged("the package index ended as soon as it was started")
    code, said = ask(_RULES.format(link=int(told.output), gateway=gateway, subnet=network))
    if code:
        last = (said.strip().splitlines() or ["it has no port"])[-1]
        raise EngineUnavailable(f"builds cannot be kept from posing as the package index: {last}")
