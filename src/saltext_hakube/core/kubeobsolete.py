"""Flags in environment files that a Kubernetes version refuses: its program does not start then."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from saltext_hakube.core import envfile, envflags
from saltext_hakube.core.kubelayout import (
    APISERVER,
    CONTROLLER_MANAGER,
    KUBELET,
    PROXY,
    SCHEDULER,
)
from saltext_hakube.core.kubernetes import (
    NO_INSECURE_PORT,
    NO_KUBELET_FLAG,
    Kubernetes,
    Versions,
    at_least,
    filled,
)

ALL = (APISERVER, CONTROLLER_MANAGER, SCHEDULER, PROXY, KUBELET)

# (flags, whose they were, the first version without them)
GONE = (
    (("api-servers",), (KUBELET,), NO_KUBELET_FLAG),
    # Seen with 1.20: "unknown flag".
    (("allow-privileged",), (KUBELET,), (1, 20)),
    # The plain http port: no-ops since 1.20, due for removal in 1.24 (kubernetes#95856); of the
    # scheduler and the controller-manager gone in 1.23 (kubernetes#96345).
    (("insecure-port", "insecure-bind-address", "address", "port"), (APISERVER,), (1, 24)),
    (("address", "port"), (SCHEDULER, CONTROLLER_MANAGER), (1, 23)),
    # klog's own, which said where logs go (kubernetes#112120).
    (
        (
            "logtostderr",
            "alsologtostderr",
            "stderrthreshold",
            "log-dir",
            "log-file",
            "log-file-max-size",
            "log-backtrace-at",
            "add-dir-header",
            "skip-headers",
            "skip-log-headers",
            "one-output",
        ),
        ALL,
        (1, 26),
    ),
)


class Obsolete(NamedTuple):
    """A flag that is refused, where it stands, and by which version since when."""

    file: str
    variable: str
    flag: str
    version: str
    since: tuple[int, int]

    def told(self) -> str:
        """In a line, with the remedy."""
        major, minor = self.since
        return (
            f"{self.file}: {self.variable} is set, but Kubernetes {self.version} refuses its flag "
            f"--{self.flag} (since {major}.{minor}); it is left alone: remove it, or set "
            "hakube:kubernetes:remove_obsolete, or use hakube_kubeenv.absent"
        )


def find(options: Kubernetes, versions: Versions, texts: Mapping[str, str]) -> Iterator[Obsolete]:
    """The flags in these files that are refused."""
    options = filled(options)
    readers = {component.file: (component.name,) for component in options.files.components}
    if options.kubelet_file:
        readers[options.kubelet_file] = (KUBELET,)
    if options.config_file:
        # All read it; the kubelet is not asked for what only others refuse.
        readers[options.config_file] = ALL
    for file, text in texts.items():
        for variable, value in envfile.values(text).items():
            names = dict.fromkeys(flag.name for flag in envflags.flags(value))
            for name in names:
                found = _gone(name, readers.get(file, ()), versions)
                if found:
                    yield Obsolete(file, variable, name, *found)


def without_credentials(
    options: Kubernetes, versions: Versions, texts: Mapping[str, str]
) -> Iterator[str]:
    """Warnings about components that know where the API is, but not who they are.

    Over TLS ``--master`` replaces the kubeconfig's server, not its credentials.
    """
    if not at_least(versions.others, NO_INSECURE_PORT):
        return
    for component in filled(options).files.components:
        text = texts.get(component.file)
        if component.name not in (CONTROLLER_MANAGER, SCHEDULER) or text is None:
            continue
        held = {f.name for value in envfile.values(text).values() for f in envflags.flags(value)}
        if not held & {"kubeconfig", "config"}:
            yield (
                f"{component.file}: no variable has --kubeconfig; Kubernetes {versions.others} "
                f"serves over TLS only, and without it the {component.name} has no credentials: "
                f"put it into {component.arguments}"
            )


def _gone(
    flag: str, readers: tuple[str, ...], versions: Versions
) -> tuple[str, tuple[int, int]] | None:
    for flags, owners, since in GONE:
        if flag in flags:
            # In a file of all, what is gone for one of them is kept for the others.
            if readers == ALL and owners != ALL:
                continue
            if not set(readers) & set(owners):
                continue
            version = versions.kubelet if readers == (KUBELET,) else versions.others
            if version is not None and at_least(version, since):
                return version, since
    return None
