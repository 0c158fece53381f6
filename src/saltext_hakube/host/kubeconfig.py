"""kubeconfig files on a machine: which there are, what would change in them, the change.

What an entry was before our first change is remembered, and given back by ``restored``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from saltext_hakube.core import envfile, envflags, kubernetes
from saltext_hakube.core.config import Config
from saltext_hakube.core.errors import ConfigError, HakubeError
from saltext_hakube.core.kubeconfig import Kubeconfig, Values, Wish
from saltext_hakube.core.kubelayout import KUBECONFIGS
from saltext_hakube.host import files, kubeenv, remembered
from saltext_hakube.host.machine import Machine

SUBJECT = "kubeconfig"


class Change(NamedTuple):
    """One file: its text before and after, and what of it a person may see."""

    file: str
    old: str
    new: str
    changes: dict[str, Any]

    @property
    def changed(self) -> bool:
        """Whether there is anything to write."""
        return self.new != self.old


def known(machine: Machine, texts: Mapping[str, str]) -> tuple[str, ...]:
    """The kubeconfig files that there are: those that environment files name, and the usual ones.

    ``texts``: the environment files.
    """
    named = [path for text in texts.values() for path in _named(text)]
    both = dict.fromkeys((*named, *KUBECONFIGS))
    return tuple(name for name in both if machine.path(name).is_file())


def read(machine: Machine, file: str) -> str:
    """The file's text. Raises ConfigError where there is none, or it is not UTF-8."""
    content = files.read(machine.path(file))
    if content is None:
        raise ConfigError([f"{file}: is not there"])
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise ConfigError([f"{file}: is not UTF-8, which a kubeconfig has to be"]) from None


def wish(
    machine: Machine,
    url: str,
    plain_url: str | None = None,
    hosts: Iterable[str] = (),
    ca_file: str | None = None,
) -> Wish:
    """What the files are to say. Raises ConfigError where the CA's file is not there."""
    ca = files.read(machine.path(ca_file)) if ca_file else None
    if ca_file and ca is None:
        raise ConfigError([f"certificate_authority: {ca_file} is not there"])
    return Wish(url, plain_url, frozenset(hosts), ca_file, ca)


def plan(machine: Machine, names: Iterable[str], wish: Wish) -> list[Change]:
    """What would change. Raises ConfigError with the file."""
    return [_planned(machine, file, wish) for file in names]


def declared(machine: Machine, config: Config) -> list[Change]:
    """What would change in the pillar's files, or in those that there are."""
    options = config.kubernetes
    names = options.kubeconfigs
    if names is None:
        names = known(machine, kubeenv.texts(machine, options))
    return plan(machine, names, pillars(machine, config))


def pillars(machine: Machine, config: Config) -> Wish:
    """What the pillar wants of the files."""
    return wish(
        machine,
        kubernetes.secure_url(config.vip.address, config.haproxy),
        config.url if config.haproxy.insecure else None,
        [config.vip.address, *(one.address for one in config.servers)],
        config.kubernetes.certificate_authority,
    )


def apply(machine: Machine, change: Change) -> None:
    """Write the file, and remember what stood there before our first change."""
    data = remembered.read(machine, SUBJECT)
    mine = data.setdefault(change.file, {})
    for cluster in Kubeconfig(change.old).clusters:
        for key in change.changes.get(cluster.name, ()):
            if key in cluster.values:
                mine.setdefault(cluster.name, {}).setdefault(key, cluster.values[key])
    # First, so that a change whose old value is lost cannot be.
    remembered.write(machine, SUBJECT, data)
    files.write(machine.path(change.file), change.new.encode())


def restoring(machine: Machine, names: Iterable[str] | None = None) -> list[Change]:
    """What would change so that entries are as they were before us."""
    data = remembered.read(machine, SUBJECT)
    found = []
    for file in data if names is None else names:
        values = data.get(file)
        if isinstance(values, dict) and machine.path(file).is_file():
            found.append(_told(file, lambda file=file, old=values: _back(machine, file, old)))
    return found


def restore(machine: Machine, change: Change) -> None:
    """Write the file, and forget what it was."""
    if change.changed:
        files.write(machine.path(change.file), change.new.encode())
    data = remembered.read(machine, SUBJECT)
    data.pop(change.file, None)
    remembered.write(machine, SUBJECT, data)


def _planned(machine: Machine, file: str, wish: Wish) -> Change:
    def made() -> Change:
        found = Kubeconfig(read(machine, file))
        return _change(file, found, found.wanted(wish))

    return _told(file, made)


def _back(machine: Machine, file: str, old: Mapping[str, Mapping[str, str]]) -> Change:
    found = Kubeconfig(read(machine, file))
    values: dict[int, Values] = {}
    for place, cluster in enumerate(found.clusters):
        wanted = old.get(cluster.name, {})
        # What was taken out meanwhile stays out.
        back = {k: v for k, v in wanted.items() if cluster.values.get(k, v) != v}
        if back:
            values[place] = back
    return _change(file, found, values)


def _change(file: str, found: Kubeconfig, values: Mapping[int, Values]) -> Change:
    return Change(file, found.text, found.with_values(values), found.shown(values))


def _told(file: str, make: Any) -> Change:
    """Errors with the file's name before them."""
    try:
        return make()
    except ConfigError as error:
        lines = (p if p.startswith(f"{file}:") else f"{file}: {p}" for p in error.problems)
        raise ConfigError(lines) from None
    except RecursionError:
        raise HakubeError(f"{file}: nested too deep to be meant") from None


def _named(text: str) -> Iterator[str]:
    """The kubeconfig files that variables name, as a flag's value or bare."""
    for name, value in envfile.values(text).items():
        if name.endswith("KUBECONFIG") and value.startswith("/"):
            yield value.strip()
        for flag in envflags.flags(value):
            if flag.name == "kubeconfig" and (flag.value or "").startswith("/"):
                yield flag.value or ""
