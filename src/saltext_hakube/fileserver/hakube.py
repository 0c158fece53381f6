"""
The SLS tree of the installed extension
=======================================

Serves ``salt://hakube/...`` out of the package, so that ``state.apply hakube`` works with nothing
copied. On the master (or on a minion that works without one)::

    # /etc/salt/master.d/hakube.conf
    fileserver_backend:
      - roots
      - hakube

The order counts: of two files of one path the first backend's is served, so with ``roots`` before
``hakube`` a file of yours below /srv/salt/hakube/ takes the place of ours, file by file.
``salt-run hakube.master_config`` prints this with the backends that the master has already.

The tree is served in ``base``, in every environment of ``file_roots`` and in the one that
``saltenv`` in the configuration names.
"""

from __future__ import annotations

import os
from pathlib import Path

import salt.fileserver
import salt.utils.gzip_util
import salt.utils.hashutils

__virtualname__ = "hakube"

# In a checkout ``tree`` is a link to states/. Salt may know the package by a path with links, too,
# so it is resolved only after it is joined.
TREE = (Path(__file__).parent.parent / "tree").resolve()


def __virtual__():
    return __virtualname__


def envs():
    """The environments that the tree is served in."""
    return sorted({"base", __opts__.get("saltenv"), *__opts__["file_roots"]} - {None, "__env__"})


def find_file(path, saltenv="base", **kwargs):
    """Where a file of the tree is; ``path`` is empty where there is none."""
    missing = {"path": "", "rel": ""}
    if not _serves(saltenv) or path not in _files():
        return missing
    full = TREE / path
    return {"path": str(full), "rel": path, "stat": list(full.stat())}


def serve_file(load, fnd):
    """A part of a file, from ``load["loc"]`` on."""
    ret = {"data": "", "dest": ""}
    if not fnd.get("path") or not {"path", "loc", "saltenv"} <= set(load):
        return ret
    ret["dest"] = fnd["rel"]
    with Path(fnd["path"]).open("rb") as file:
        file.seek(load["loc"])
        data = file.read(__opts__["file_buffer_size"])
    if data and load.get("gzip"):
        data = salt.utils.gzip_util.compress(data, load["gzip"])
        ret["gzip"] = load["gzip"]
    ret["data"] = data
    return ret


def file_hash(load, fnd):
    """A file's hash, by which a minion knows whether its copy is old."""
    if not fnd.get("path") or not {"path", "saltenv"} <= set(load):
        return ""
    kind = __opts__["hash_type"]
    return {"hsum": salt.utils.hashutils.get_hash(fnd["path"], kind), "hash_type": kind}


def file_list(load):
    """The paths of all files."""
    return sorted(_matching(_files(), load))


def dir_list(load):
    """The paths of all folders."""
    return sorted(_matching({str(Path(path).parent) for path in _files()} - {"."}, load))


def symlink_list(load):
    """Links are served as the files that they point at."""
    return {}


def _files():
    """The paths of all files below the tree. It is small, and changes only when pip changes it."""
    found = set()
    for folder, _, names in os.walk(TREE):
        for name in names:
            path = Path(folder, name)
            if not salt.fileserver.is_file_ignored(__opts__, str(path)):
                found.add(path.relative_to(TREE).as_posix())
    return found


def _matching(paths, load):
    if not _serves(load.get("saltenv", "base")):
        return ()
    prefix = load.get("prefix", "").strip("/")
    return (path for path in paths if not prefix or path.startswith(f"{prefix}/"))


def _serves(saltenv):
    # As with roots, __env__ stands for every environment that is not listed.
    return saltenv in envs() or "__env__" in __opts__["file_roots"]
