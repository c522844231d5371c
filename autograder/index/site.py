"""Writes the index's static pages: one site for each date, over the same wheels."""

import hashlib
import json
import shutil
import tempfile
import zipfile
from email.message import Message
from email.parser import HeaderParser
from pathlib import Path
from typing import Any, get_args

from autograder.index.manifest import Arch, Date, Wheel, fingerprint, wheels_for
from autograder.places import home
from autograder.public_index import HOST_NAMES

FILES_URL = f"https://{HOST_NAMES[1]}/packages"


def ensure_site(arch: Arch, wheels: Path) -> Path:
    """The folder with `then/`, `now/` and `metadata/`, written once for each manifest.

    dumb-pypi writes the HTML pages and the JSON of each release, which Poetry asks for. The
    JSON form of the simple pages (PEP 691), which Poetry's solver asks for, and the metadata
    files beside the wheels (PEP 658), which spare pip whole downloads, are written here.
    """
    site = home() / "index" / f"site-{arch}-{fingerprint(arch)}"
    if not site.is_dir():
        site.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=site.parent) as scratch:
            write_site(Path(scratch) / "site", wheels_for(arch), wheels)
            if not site.is_dir():
                (Path(scratch) / "site").rename(site)
        for old in set(site.parent.glob(f"site-{arch}-*")) - {site}:
            shutil.rmtree(old)
    return site


def write_site(site: Path, wheels: tuple[Wheel, ...], folder: Path) -> None:
    """Write both sites into a new folder from these wheels, whose files lie in `folder`."""
    (site / "metadata").mkdir(parents=True)
    described = []
    for wheel in wheels:
        metadata = _metadata(folder / wheel.filename)
        (site / "metadata" / f"{wheel.filename}.metadata").write_bytes(metadata)
        described.append((wheel, _package_line(wheel, metadata)))
    for date in get_args(Date):
        offered = [(wheel, line) for wheel, line in described if wheel.is_offered(date)]
        _write_pages(site / date, [line for _, line in offered])
        _write_simple_json(site / date / "simple", offered)


def _metadata(path: Path) -> bytes:
    with zipfile.ZipFile(path) as wheel:
        name = next(n for n in wheel.namelist() if n.endswith(".dist-info/METADATA"))
        return wheel.read(name)


def _package_line(wheel: Wheel, metadata: bytes) -> dict[str, Any]:
    """What dumb-pypi wants to know of a file."""
    headers: Message = HeaderParser().parsestr(metadata.decode())
    return {
        "filename": wheel.filename,
        "hash": f"sha256={wheel.sha256}",
        "requires_dist": headers.get_all("Requires-Dist") or [],
        "requires_python": headers.get("Requires-Python"),
        "core_metadata": f"sha256={hashlib.sha256(metadata).hexdigest()}",
        "upload_timestamp": int(wheel.uploaded.timestamp()),
    }


def _write_pages(output: Path, lines: list[dict[str, Any]]) -> None:
    from dumb_pypi import main as dumb_pypi

    listing = output.with_suffix(".jsonl")
    listing.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    arguments = ["--package-list-json", str(listing), "--packages-url", FILES_URL]
    arguments += ["--output-dir", str(output), "--title", "The course's package index"]
    dumb_pypi.main([*arguments, "--no-generate-timestamp"])
    listing.unlink()


def _write_simple_json(simple: Path, offered: list[tuple[Wheel, dict[str, Any]]]) -> None:
    pages: dict[str, dict[str, Any]] = {}
    for wheel, line in offered:
        page = pages.setdefault(wheel.project, _page(wheel.project))
        page["files"].append(_file(wheel, line))
        if wheel.version not in page["versions"]:
            page["versions"].append(wheel.version)
    for name, page in pages.items():
        (simple / name / "index.json").write_text(json.dumps(page))
    root = {"meta": {"api-version": "1.1"}, "projects": [{"name": name} for name in sorted(pages)]}
    (simple / "index.json").write_text(json.dumps(root))


def _page(name: str) -> dict[str, Any]:
    return {"meta": {"api-version": "1.1"}, "name": name, "versions": [], "files": []}


def _file(wheel: Wheel, line: dict[str, Any]) -> dict[str, Any]:
    return {
        "filename": wheel.filename,
        "url": f"{FILES_URL}/{wheel.filename}",
        "hashes": {"sha256": wheel.sha256},
        "requires-python": line["requires_python"],
        "core-metadata": {"sha256": line["core_metadata"].removeprefix("sha256=")},
        "upload-time": wheel.uploaded.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "yanked": False,
    }
