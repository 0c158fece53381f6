"""The manifest of our files on this machine (core.manifest): all that an apply would write here."""

from __future__ import annotations

from collections.abc import Iterator

from saltext_hakube.core import guard, kubeenv, kubeobsolete, kubernetes, manifest, restart
from saltext_hakube.core import sysctl as kernel
from saltext_hakube.core import watch as watching
from saltext_hakube.core.config import Config
from saltext_hakube.core.errors import HakubeError, NotInstalled
from saltext_hakube.core.haproxy import document, process
from saltext_hakube.core.haproxy import kubernetes as api
from saltext_hakube.core.haproxy import wanted as sections
from saltext_hakube.core.manifest import Part
from saltext_hakube.host import daemon, files, kube, kubeconfig, watch
from saltext_hakube.host import kubeenv as environment
from saltext_hakube.host.haproxy import check
from saltext_hakube.host.machine import Machine


def whole(machine: Machine, config: Config) -> dict[str, bytes]:
    """The files that are all ours, but those of hakube-probe. Raises HakubeError."""
    reflex = config.reflex
    found = dict(restart.dropins(config.haproxy.unit)) if reflex.restart else {}
    if config.watch.enabled:
        told = watching.config(config, watch.place(machine, config.haproxy))
        found |= daemon.wanted(machine, watching.DAEMON, told)
    if reflex.guard or reflex.announce:
        found |= daemon.wanted(machine, guard.DAEMON, guard.config(config))
    return found


def parts(machine: Machine, config: Config) -> tuple[list[Part], tuple[str, ...]]:
    """The files of others in which some lines are ours; and of which that cannot be said, and why.

    What is wrong there is told by the state whose file it is.
    """
    found: list[Part] = []
    problems: list[str] = []
    for make in (_haproxy, _sysctl, _environment, _kubeconfigs):
        try:
            found += make(machine, config)
        except HakubeError as error:
            first = str(error).splitlines()[0]
            problems.append(f"hakube-probe does not look whether this file is as applied: {first}")
    return found, tuple(problems)


def _haproxy(machine: Machine, config: Config) -> Iterator[Part]:
    try:
        version = check.version()
    except NotInstalled:
        version = None
    options = api.adapted(config.haproxy, version)
    ours = sections.wanted(options, config.vip.address, config.servers)
    old = files.read(machine.path(options.config))
    new = document.with_sections(old, ours, owner=document.OWNER, base=process.BASE)
    yield manifest.haproxy(options.config, new)


def _sysctl(machine: Machine, config: Config) -> Iterator[Part]:
    options = config.sysctl
    values = kernel.wanted(options, config.vip.address)
    old = (files.read(machine.path(options.file)) or b"").decode(errors="surrogateescape")
    new = kernel.with_values(old, values)
    lines = [line for key in values for line in kernel.lines(new, key)]
    yield Part(options.file, tuple(lines))


def _environment(machine: Machine, config: Config) -> Iterator[Part]:
    options = config.kubernetes
    versions = kubernetes.versions(options, kube.versions(machine))
    texts = environment.texts(machine, options)
    wishes = kubernetes.wishes(options, config.url, versions, texts)
    obsolete = list(kubeobsolete.find(options, versions, texts)) if options.remove_obsolete else []
    new = kubeenv.edited(texts, kubeenv.edits(wishes, obsolete))
    yield from manifest.flags(wishes, {file: one.new for file, one in new.items()})


def _kubeconfigs(machine: Machine, config: Config) -> Iterator[Part]:
    wish = kubeconfig.pillars(machine, config)
    urls = [url for url in (wish.url, wish.plain_url) if url]
    for change in kubeconfig.declared(machine, config):
        yield manifest.servers(change.file, change.new, urls)
