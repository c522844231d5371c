"""The desktop's browser, where there is one."""

import os
import platform
import shutil
import subprocess
import sys
import webbrowser


def has_desktop() -> bool:
    """Whether a page can be shown: never in a text browser that takes over the terminal."""
    return (
        in_wsl() or sys.platform == "darwin" or bool({"DISPLAY", "WAYLAND_DISPLAY"} & {*os.environ})
    )


def in_wsl() -> bool:
    """Whether this is WSL2, whose browser is that of Windows."""
    return "microsoft" in platform.release().lower() and bool(shutil.which("explorer.exe"))


def open_page(page: str) -> None:
    """Show the page when there is a desktop to show it on."""
    if in_wsl():
        subprocess.run(["explorer.exe", page], check=False, capture_output=True)
    elif has_desktop():
        webbrowser.open(page)
