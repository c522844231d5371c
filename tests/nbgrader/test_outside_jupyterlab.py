"""What README.md says to type, where the shell knows nothing of .venv and there is no gradebook."""

import shutil
import subprocess
import sys
from pathlib import Path

from autograder import places

SLUG = "step-1-naive"


def test_the_first_command_makes_the_gradebook(tmp_path: Path) -> None:
    for name in ("source", "release"):
        shutil.copytree(places.project() / name / SLUG, tmp_path / name / SLUG)
    shutil.copy(places.project() / "nbgrader_config.py", tmp_path)
    command = [Path(sys.executable).with_name("nbgrader"), "generate_assignment", SLUG, "--force"]
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "gradebook.db").exists()
    assert (tmp_path / "release" / SLUG / f"{SLUG}.ipynb").exists()
