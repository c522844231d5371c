"""What a disk has left."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Room:
    """Bytes and files (folders count too) that can still be written."""

    bytes: int
    files: int

    @classmethod
    def at(cls, folder: Path) -> "Room":
        """What the file system of a folder has left. Raises OSError."""
        found = os.statvfs(folder)
        return cls.told(found.f_bavail * found.f_frsize, found.f_favail, found.f_files)

    @classmethod
    def told(cls, free_bytes: int, free_files: int, all_files: int) -> "Room":
        """From what statvfs(3) tells; a file system without a table of inodes tells 0 of 0."""
        return cls(free_bytes, free_files if all_files else sys.maxsize)

    def holds(self, other: "Room") -> bool:
        """Whether there is as much here as in the other."""
        return self.bytes >= other.bytes and self.files >= other.files
