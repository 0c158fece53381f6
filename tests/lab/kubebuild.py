"""Build the Kubernetes binaries from Debian's own source package.

No registry has kube-apiserver ready to run. Debian bookworm's source package `kubernetes` (1.20.2)
has every Go module in it, so it builds without any network, with bookworm's golang-1.19. It is
built in a throw-away tree of bookworm: nothing is installed on the machine.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.lab import cache
from tests.lab.kube import PROGRAMS
from tests.lab.layers import run_in
from tests.lab.prerequisites import apt_options, mirrors
from tests.lab.process import Progress, run, silent, step

SUITE = "bookworm"

#: rsync: without it the build fails with a misleading "Permission denied".
TOOLS = ["golang-1.19-go", "rsync", "make", "dpkg-dev", "bash", "which", "file"]

#: Run by mmdebstrap in the new tree ($1), while apt there still knows the mirrors.
FETCH = """\
#!/bin/sh
set -eu
sed -n 's/^deb /deb-src /p' "$1/etc/apt/sources.list" > "$1/etc/apt/sources.list.d/src.list"
chroot "$1" apt-get update
chroot "$1" sh -euc 'mkdir /build; cd /build; apt-get source kubernetes; mv kubernetes-* source'
"""

BUILD = """
cd /build/source
export PATH=/usr/lib/go-1.19/bin:$PATH GOFLAGS=-mod=vendor
export CGO_ENABLED=0 GOPROXY=off GOTOOLCHAIN=local GO111MODULE=on GOLDFLAGS='-s -w'
make WHAT="$*"
mkdir /result
for program in "$@"; do install -s "_output/bin/$(basename "$program")" /result/; done
"""


def build(*, progress: Progress = silent) -> Path:
    """The cached folder with the binaries; 10 to 20 minutes on two cores if they are not there."""

    def make(folder: Path) -> None:
        tree = folder / "tree"
        hook = folder / "fetch"
        hook.write_text(FETCH)
        with step(progress, "fetch Debian's Kubernetes source and Go"):
            run(
                ["mmdebstrap", "--mode=root", "--variant=minbase", "--format=directory"]
                + ["--include=" + ",".join(TOOLS)]
                + [f"--aptopt={option}" for option in apt_options()]
                + [f'--customize-hook=sh {hook} "$1"', SUITE, tree, *mirrors(SUITE)],
                timeout=1800,
            )
        with step(progress, "compile " + ", ".join(PROGRAMS)):
            words = [f"cmd/{program}" for program in PROGRAMS]
            built = folder / "built"
            run_in([tree], built, ["bash", "-euc", BUILD, "build", *words], timeout=40 * 60)
        for program in PROGRAMS:
            shutil.move(built / "result" / program, folder / program)
        shutil.rmtree(tree)
        shutil.rmtree(built)
        hook.unlink()

    return cache.entry("kube-built", [SUITE, TOOLS, FETCH, BUILD], make, progress=progress)
