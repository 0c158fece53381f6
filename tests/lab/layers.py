"""Layers: folders that an overlay stacks to one file tree.

A node's tree is image + Salt + Kubernetes + what this lab adds + what the node itself writes. Only
the topmost is written; all others are shared by every node of every lab.

Mounts live in the mount namespace of the process that needs them and nowhere else. So nobody has to
unmount anything: they go when the process goes, however it goes.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from tests.lab.process import run

#: What a command inside an image gets to see of the environment: nothing of the machine's own
#: (pip's configuration and certificates in particular are wrong in there).
CLEAN_ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "LANG": "C.UTF-8",
    "DEBIAN_FRONTEND": "noninteractive",
}


def overlay_options(layers: Sequence[Path], upper: Path, work: Path) -> str:
    """The options of an overlay mount; *layers* from the topmost to the lowest.

    ``volatile`` drops every fsync: dpkg, etcd, corosync and the CIB sync all the time, and three
    nodes that do so on one disk wait for it most of their time. A power cut of a node (not of the
    machine) loses nothing by it, the page cache is the machine's.
    """
    lower = ":".join(str(layer) for layer in layers)
    return f"lowerdir={lower},upperdir={upper},workdir={work},volatile"


def forget_volatile(work: Path) -> None:
    """Let an overlay be mounted again on the same folders.

    The kernel refuses a second mount of a volatile overlay unless this marker is gone (its document
    filesystems/overlayfs, "Volatile mount"): it cannot know that the machine itself never crashed.
    """
    shutil.rmtree(work / "work" / "incompat", ignore_errors=True)


#: $1 mount point, $2 overlay options, $3 what is seen as /mnt inside (or nothing), then the
#: command.
_INSIDE = """
set -e
root=$1 options=$2 seen=$3; shift 3
mount -t overlay overlay -o "$options" "$root"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
if [ -n "$seen" ]; then mount --bind "$seen" "$root/mnt"; fi
exec chroot "$root" "$@"
"""


def run_in(
    layers: Sequence[Path],
    upper: Path,
    command: Sequence[str],
    *,
    seen: Path | None = None,
    env: dict[str, str] | None = None,
    timeout: float = 600,
) -> str:
    """Run a command in the stacked tree; what it writes lands in *upper*, which is a layer then.

    Parameters: *seen* is a folder of the machine that the command finds as /mnt; *env* is added to
    the clean environment. The command has a process namespace of its own: whatever it starts ends
    with it.
    """
    scratch = upper.with_name(upper.name + ".scratch")
    work, root = scratch / "work", scratch / "root"
    for made in (upper, work, root):
        made.mkdir(parents=True, exist_ok=True)
    upper.chmod(0o755)
    try:
        return run(
            [
                *["unshare", "--mount", "--pid", "--fork", "--kill-child", "--ipc", "--"],
                *["sh", "-c", _INSIDE, "layers", root, overlay_options(layers, upper, work)],
                *[seen or "", *command],
            ],
            env={**CLEAN_ENVIRONMENT, **(env or {})},
            timeout=timeout,
            shown=" ".join(command),
        ).stdout
    finally:
        shutil.rmtree(scratch)
