"""A layer that an engine lost from its build cache, though it has a record of it.

Every build that comes upon the record fails, until somebody removes it:
https://github.com/moby/buildkit/issues/5469
"""

import json
import re
from typing import Any

from autograder.facts.build import BuildFacts

# How the builder begins: no step of a Dockerfile is quoted before it.
_LOST = re.compile(r"failed to prepare (\w+) as \w+: ")


def lost_layer(facts: BuildFacts) -> str:
    """The record of the lost layer that ended a build, or ``."""
    match = _LOST.match(facts.failure.message) if facts.failure else None
    return match[1] if match else ""


def forget(api: Any, record: str) -> None:
    """Drop a record from the build cache, and those that stand on it.

    api: a docker.APIClient, typed Any for the private methods that its own calls use too.
    """
    told = api._result(api._get(api._url("/system/df"), params={"type": "build-cache"}), json=True)
    # The SDK's own call has a prune without filters. Before Docker 28 "Parents" began with a blank.
    parents = {
        row["ID"]: row.get("Parents") or row.get(" Parents") or ()
        for row in told.get("BuildCache") or ()
    }
    ahead, found = [record], list[str]()
    while ahead:
        found.append(ahead.pop())
        ahead += [child for child, above in parents.items() if found[-1] in above]
    for one in reversed(found):
        params = {"all": "1", "filters": json.dumps({"id": [one]})}
        api._post(api._url("/build/prune"), params=params).close()
