"""Containers on a private network, all removed at the end whatever happened."""

import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from docker.errors import APIError

from autograder.engine.client import NO_ANSWER, RUN_LABEL, Engine, told
from autograder.engine.failure import MOST_SAID, printed_lines
from autograder.engine.runs import labels_of, new_run, token_of
from autograder.limits import LIMITS

# Where the engine's words on a container that cannot start come to the point.
_POINT = re.compile(r"\b(?:exec:? |stat /|chdir |unable to find (?:user|group) ).*", re.S)


def in_short(explanation: str) -> str:
    """Why a container cannot start, without the list of those who passed it on."""
    point = _POINT.search(explanation)
    return (point[0] if point else explanation)[:MOST_SAID].strip().removesuffix(": unknown")


class Sandbox:
    """A private network (no way out) and the containers on it.

    Used as a context manager. On leaving, everything it made is removed; what the engine keeps is
    left to `runs.remove_abandoned`.
    """

    def __init__(self, engine: Engine) -> None:
        self.client, self.api = engine.client, engine.api
        self.run_id = new_run()
        self.labels = labels_of(self.run_id)
        self.network: Any = None
        self.containers: dict[str, str] = {}
        self.unstarted: dict[str, str] = {}

    def __enter__(self) -> Self:
        with told("making a private network"):
            self.network = self.client.networks.create(
                f"course-run-{token_of(self.run_id)}", internal=True, labels=self.labels
            )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # Each by itself: an engine that keeps one has no say in the rest, nor in what was observed.
        with suppress(*NO_ANSWER):
            rows = self.api.containers(all=True, filters={"label": f"{RUN_LABEL}={self.run_id}"})
            with ThreadPoolExecutor() as pool:
                list(pool.map(self._remove, (row["Id"] for row in rows)))
        if self.network is not None:
            with suppress(*NO_ANSWER):
                self.network.remove()

    def _remove(self, container: str) -> None:
        with suppress(*NO_ANSWER):
            self.api.remove_container(container, force=True, v=True)

    def serve(self, image: str, name: str) -> None:
        """Start an image's own command under a network name.

        An image that cannot start is not an error of ours: `problem_of` tells why.
        """
        with told(f"starting {image}"):
            try:
                self.containers[name] = self._create(image, None, name)
                self.api.start(self.containers[name])
            except APIError as error:
                if not (error.is_client_error() or self.containers.get(name)):
                    raise
                self.unstarted[name] = in_short(str(error.explanation))

    def problem_of(self, name: str) -> tuple[str, str]:
        """Why a container does not run (`` while it does), and the last lines it printed."""
        if name in self.unstarted:
            return f"the container could not start: {self.unstarted[name]}", ""
        container = self.containers[name]
        with told("looking at the app's container"):
            state = self.api.inspect_container(container)["State"]
            printed = self.api.logs(container, tail=15).decode("utf-8", "replace")
        logs = "".join(f"{row}\n" for row in printed_lines(printed))
        if state.get("Running"):
            return "", logs
        return f"the container ended with exit code {state.get('ExitCode')}", logs

    def run(self, image: str, command: list[str], seconds: float) -> str:
        """Run a trusted command on the network and return what it printed."""
        with told("running a helper container"):
            container = self._create(image, command, None)
            self.api.start(container)
            self.api.wait(container, timeout=seconds)
            printed = self.api.logs(container).decode("utf-8", "replace")
            return str(printed[-LIMITS.log_bytes :])

    def _create(self, image: str, command: list[str] | None, name: str | None) -> str:
        network = self.network.name
        aliases = [name] if name else []
        log = str(LIMITS.log_bytes)
        host = self.api.create_host_config(
            network_mode=network, mem_limit=LIMITS.app_memory_bytes,
            pids_limit=LIMITS.app_processes,
            log_config={"Type": "json-file", "Config": {"max-size": log, "max-file": "1"}},
        )  # fmt: skip
        made = self.api.create_container(
            image,
            command=command,
            host_config=host,
            labels=self.labels,
            networking_config=self.api.create_networking_config(
                {network: self.api.create_endpoint_config(aliases=aliases)}
            ),
        )
        return str(made["Id"])
