"""An app that a lesson started, to be asked from the notebook, a terminal and the browser."""

import json
import time
from html import escape

from autograder.engine.published import HERE, Published
from autograder.evidence.ask_app import ask
from autograder.lessons.message import in_one_line
from autograder.limits import LIMITS
from autograder.pictures.picture import framed

A_TRY = 1.0  # second: then the container is looked at, which may have ended


class Running:
    """A container made of a build's image: as the last line of a cell it shows its address.

    address: where this machine finds the app.
    stopped: whether its container is gone.
    """

    def __init__(self, name: str, published: Published) -> None:
        self.name, self._published = name, published
        self.stopped = False
        self.address = f"http://{HERE}:{published.port}/"

    def ask(self) -> object:
        """What the app answers to GET /: its JSON, or its text; else why there is no answer."""
        if self.stopped:
            return repr(self)
        deadline = time.monotonic() + LIMITS.answer_seconds
        with in_one_line():
            while True:
                status, body, _, problem, _ = ask(HERE, self._published.port, A_TRY)
                if status == 200:
                    return _read(str(body))
                if ended := self._published.problem():
                    return ended
                if time.monotonic() > deadline:
                    return problem

    def log(self) -> None:
        """Print what the app printed."""
        if self.stopped:
            print(self)
            return
        with in_one_line():
            print(self._published.log(), end="")

    def stop(self) -> None:
        """Stop the app; its container is removed, and the image stays."""
        self.remove()
        print(f"stopped {self.name}")

    def remove(self) -> None:
        """Stop it without a word."""
        with in_one_line():
            self._published.remove()
        self.stopped = True

    def __repr__(self) -> str:
        return f"{self.name} is stopped" if self.stopped else f"{self.name} is at {self.address}"

    def _repr_html_(self) -> str:
        if self.stopped:
            return framed(f"{escape(self.name)} is stopped")
        link = f'<a href="{self.address}" target="_blank" rel="noopener">{self.address}</a>'
        return framed(f"{escape(self.name)} is at {link}")


def _read(body: str) -> object:
    try:
        return json.loads(body)
    except ValueError:
        return body
