"""What an engine of ours changes on the host's network, and how it is undone."""

import ipaddress
import json
import shlex
import subprocess
from contextlib import suppress
from pathlib import Path

RECORD = "network.json"
DATABASE = "network/files/local-kv.db"
INTERFACES = Path("/sys/class/net")
FORWARDING = Path("/proc/sys/net/ipv4/ip_forward")
BOOT = Path("/proc/sys/kernel/random/boot_id")

SUBNETS = (*(f"172.{n}.0.0/16" for n in range(17, 31)), "192.168.208.0/20", "10.211.0.0/16")
"""Docker's own choices first; the last two for hosts where a VPN claims all of 172.16/12."""


def choose_subnet(data: Path, *, own_network: bool) -> ipaddress.IPv4Network:
    """The bridge's subnet for the engine with `data`: the one it had, if no route overlaps it.

    dockerd gives the bridge the address that its network database remembers, whatever we say, so
    another subnet means another database: rare, and networks are cheap to make again.
    """
    kept = data / "subnet"
    taken = [] if own_network else _routes()
    before = [kept.read_text()] if kept.exists() else []
    candidates = [ipaddress.IPv4Network(subnet) for subnet in (*before, *SUBNETS)]
    free = (net for net in candidates if not any(net.overlaps(route) for route in taken))
    chosen = next(free, candidates[0])
    if [str(chosen)] != before:
        (data / DATABASE).unlink(missing_ok=True)
        kept.write_text(str(chosen))
    return chosen


def _routes() -> list[ipaddress.IPv4Network]:
    routes = []
    for line in Path("/proc/net/route").read_text().splitlines()[1:]:
        fields = line.split()
        # The kernel prints addresses as hexadecimal words in host order: little-endian.
        address, mask = (bytes.fromhex(fields[n])[::-1] for n in (1, 7))
        if any(mask):
            prefix = f"{int.from_bytes(mask):b}".count("1")
            routes.append(ipaddress.IPv4Network((int.from_bytes(address), prefix), strict=False))
    return routes


def remember(run: Path, root: Path) -> None:
    """Note what dockerd is about to change for the whole host."""
    policy = "DROP" if "-P FORWARD DROP" in _inside(root, "iptables", "-S", "FORWARD") else "ACCEPT"
    before = {"boot": BOOT.read_text(), "ip_forward": FORWARDING.read_text(), "forward": policy}
    (run / RECORD).write_text(json.dumps(before))


def restore(run: Path, root: Path, data: Path, bridge: str) -> None:
    """Undo what the ended engine changed on this host; does nothing when there is no record."""
    record = run / RECORD
    if not record.exists():
        return
    before = json.loads(record.read_text())
    if before["boot"] == BOOT.read_text():
        bridges = _bridges(data, bridge)
        for tool in ("iptables", "ip6tables"):
            _remove_rules(root, tool, bridges)
        for name in bridges:
            _inside(root, "ip", "link", "delete", name)
        if not _other_docker():
            _inside(root, "iptables", "--wait", "--policy", "FORWARD", before["forward"])
            FORWARDING.write_text(before["ip_forward"])
    record.unlink()


def _other_docker(*ours: str) -> bool:
    """Whether another engine, the user's or one of our own, uses this host's network."""
    links = {*INTERFACES.glob("docker0"), *INTERFACES.glob("course-*")}
    return bool({link.name for link in links} - set(ours))


def _bridges(data: Path, bridge: str) -> set[str]:
    """Our bridge and those of networks that our engine's own database knows."""
    networks = b""
    with suppress(FileNotFoundError):
        networks = (data / DATABASE).read_bytes()
    found = {link.name for link in INTERFACES.glob("br-*") if link.name[3:].encode() in networks}
    return found | ({bridge} if (INTERFACES / bridge).exists() else set())


def _remove_rules(root: Path, tool: str, bridges: set[str]) -> None:
    """Delete the rules that name our bridges, and Docker's chains when no other Docker is here."""
    alone = not _other_docker(*bridges)
    table, chains, rules = "", [], []
    for line in _inside(root, f"{tool}-save").splitlines():
        words = shlex.split(line)
        if line.startswith("*"):
            table = line[1:]
        elif line.startswith(":DOCKER") and alone:
            chains.append((table, words[0][1:]))
        elif line.startswith("-A") and (
            bridges & set(words) or (alone and ("DOCKER" in line or _is_hairpin(words)))
        ):
            rules.append((table, words[1:]))
    for where, rule in rules:
        _inside(root, tool, "--wait", "--table", where, "--delete", *rule)
    for where, chain in chains:
        _inside(root, tool, "--wait", "--table", where, "--delete-chain", chain)


def _is_hairpin(rule: list[str]) -> bool:
    """Whether this is Docker's rule for a container that calls its own published port."""
    if "MASQUERADE" not in rule or not {"-s", "-d"} <= set(rule):
        return False
    return rule[rule.index("-s") + 1] == rule[rule.index("-d") + 1]


def _inside(root: Path, *command: str) -> str:
    """Run a tool of the engine's root, which is the one that made the rules."""
    done = subprocess.run(["chroot", str(root), *command], capture_output=True, text=True)
    return done.stdout
