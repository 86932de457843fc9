"""What one process of the tests runs from beginning to end."""

from __future__ import annotations

from xdist.scheduler.loadfile import LoadFileScheduling

SHARING = "tests/cluster/"
"""Each folder in it has a cluster that its files use one after the other."""


class Units(LoadFileScheduling):
    """Files, and folders that share a cluster."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        folder = file.rpartition("/")[0]
        return folder if folder.startswith(SHARING) else file
