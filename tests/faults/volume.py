"""A small volume under PostgreSQL that can be filled: a tmpfs, which only root may mount."""

import asyncio
import contextlib
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

from tests.faults.daemons import PostgreSQL
from tests.faults.registry import NotMade
from tests.faults.world import World

BLOCK = 64 * 1024


class Fill:
    """What takes all the space of the volume, and gives it back."""

    def __init__(self, volume: Path) -> None:
        self._file = volume / "fill"

    def all(self) -> None:
        with contextlib.suppress(OSError), self._file.open("wb", buffering=0) as file:
            for size in (BLOCK, 4096):
                with contextlib.suppress(OSError):
                    while file.write(bytes(size)):
                        pass

    def nothing(self) -> None:
        self._file.unlink(missing_ok=True)


@contextlib.asynccontextmanager
async def small_volume(world: World, mib: int) -> AsyncIterator[Fill]:
    """The cluster of a world moves onto a volume of its own, and back in the end, while everybody is connected."""
    database, volume = world.installation.database, world.installation.folder / "volume"
    home = database.data
    volume.mkdir()
    if not _run("mount", "-t", "tmpfs", "-o", f"size={mib}m", "none", str(volume)):
        raise NotMade("a small volume needs the right to mount one (root)")
    try:
        shutil.chown(volume, "nobody")
        await asyncio.to_thread(_move, database, volume / "cluster")
        yield Fill(volume)
    finally:
        await asyncio.to_thread(_move, database, home)
        _run("umount", "--lazy", str(volume))


def _move(database: PostgreSQL, folder: Path) -> None:
    database.stop(signal.SIGINT)
    database.copy_to(folder)
    database.data = folder
    database.start()


def _run(*command: str) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
