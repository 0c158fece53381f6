"""The file trees of three Debian releases with the cluster's tools in them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tests.lab import cache, image
from tests.lab.prerequisites import apt_options, mirrors
from tests.lab.process import Progress, run, silent

#: bullseye's Python is too old for Salt: of it there are tools, and no node of the lab.
ONLY_TOOLS = "bullseye"
TOOLS = ["haproxy", "pacemaker-cli-utils", "pcs", "python3"]

#: Run by mmdebstrap in the new tree ($1): it shall hold no mirror, and no way to one.
CUSTOMIZE = """\
#!/bin/sh
set -eu
rm -f "$1/etc/apt/apt.conf.d/99mmdebstrap" "$1"/etc/apt/sources.list.d/* "$1/etc/apt/sources.list"
"""


def layers(suite: str, *, progress: Progress = silent) -> Sequence[Path]:
    """The layers of the release's tree, topmost first; those of the lab where it has some."""
    if suite != ONLY_TOOLS:
        return image.installed(suite, progress=progress)

    def build(folder: Path) -> None:
        hook = folder.with_name(folder.name + ".hook")
        hook.write_text(CUSTOMIZE)
        try:
            run(
                ["mmdebstrap", "--mode=root", "--variant=minbase", "--format=directory"]
                + ["--include=" + ",".join(TOOLS)]
                + [f"--dpkgopt={option}" for option in image.DPKG_OPTIONS]
                + [f"--aptopt={option}" for option in apt_options()]
                + ["--aptopt=Apt::Install-Recommends false"]
                + [f'--customize-hook=sh {hook} "$1"', suite, folder, *mirrors(suite)],
                timeout=1800,
            )
        finally:
            hook.unlink()

    inputs = [suite, TOOLS, CUSTOMIZE, image.DPKG_OPTIONS]
    return [cache.entry(f"tools-{suite}", inputs, build, progress=progress)]
