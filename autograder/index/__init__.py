"""The course's own package index: the public one as it was at two dates, served offline."""

from autograder.index.addresses import addresses_in
from autograder.index.certificate import ca_pem
from autograder.index.manifest import CUTOFF, Arch, Date
from autograder.index.service import (
    NAME,
    Index,
    ensure_index,
    index_edition,
    index_started,
    stop_index,
)
from autograder.index.wheels import ensure_wheels

__all__ = [
    "CUTOFF",
    "NAME",
    "Arch",
    "Date",
    "Index",
    "addresses_in",
    "ca_pem",
    "ensure_index",
    "ensure_wheels",
    "index_edition",
    "index_started",
    "stop_index",
]
