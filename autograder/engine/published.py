"""A container with a port that this machine can ask: what a learner starts and looks at."""

from collections.abc import Mapping
from dataclasses import dataclass

from docker.errors import NotFound

from autograder.engine.client import Engine, told

HERE = "127.0.0.1"


@dataclass(frozen=True)
class Published:
    """A container whose app can be asked at `port` of this machine and from no other."""

    engine: Engine
    container: str
    port: int

    def problem(self) -> str:
        """Why it does not run, or `` while it does."""
        with told("looking at the container"):
            state = self.engine.api.inspect_container(self.container)["State"]
        return "" if state["Running"] else f"the container ended with exit code {state['ExitCode']}"

    def log(self) -> str:
        """The last lines it printed."""
        with told("reading the container's log"):
            return str(self.engine.api.logs(self.container, tail=20).decode("utf-8", "replace"))

    def remove(self) -> None:
        """Stop it and take it away with all it wrote; nothing happens when it is gone."""
        with told("removing the container"):
            try:
                self.engine.api.remove_container(self.container, force=True, v=True)
            except NotFound:
                return


def publish(engine: Engine, image: str, port: int, labels: Mapping[str, str]) -> Published:
    """Start an image's own command, with its port at a free one of this machine."""
    with told(f"starting {image}"):
        host = engine.api.create_host_config(port_bindings={port: (HERE, None)})
        made = engine.api.create_container(
            image, ports=[port], host_config=host, labels=dict(labels)
        )
        container = str(made["Id"])
        engine.api.start(container)
        bound = engine.api.port(container, port)
    # A program that ends at once leaves no port behind: asking it tells why.
    return Published(engine, container, int(bound[0]["HostPort"]) if bound else 0)
