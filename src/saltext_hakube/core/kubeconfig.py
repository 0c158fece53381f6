"""kubeconfig files: where a client finds the API, and whose certificates it trusts.

Only ``server`` and, if asked for, the CA of a cluster entry change; every other byte (users, their
keys and tokens, comments, order) stays. Meant are the entry of the current context, and every entry
whose server is one of our apiservers.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from saltext_hakube.core.errors import ConfigError
from saltext_hakube.core.yamltext import Document, Node

SERVER = "server"
CA_FILE = "certificate-authority"
CA_DATA = "certificate-authority-data"
SKIP_VERIFY = "insecure-skip-tls-verify"


class Wish(NamedTuple):
    """``url``: the API's; ``plain_url``: that of its plain http, which only entries get that use it
    already; ``hosts``: the addresses of our apiservers. ``ca_file`` and what is in it, if any."""

    url: str
    plain_url: str | None = None
    hosts: frozenset[str] = frozenset()
    ca_file: str | None = None
    ca: bytes | None = None


class Cluster(NamedTuple):
    """An entry of ``clusters``: its server and CA. ``number``: of its mapping in the text."""

    name: str
    values: dict[str, str]
    skip_verify: bool
    number: int

    @property
    def server(self) -> str | None:
        """The API's URL."""
        return self.values.get(SERVER)


Values = dict[str, str]
Shown = dict[str, dict[str, dict[str, str | None]]]


class Kubeconfig:
    """One file's text. Raises ConfigError where it is no kubeconfig."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._document = Document(text)
        root = self._document.root()
        listed = root.get("clusters") if root is not None else None
        if root is None or listed is None or listed.kind != "list" or not listed.content:
            raise ConfigError(["is no kubeconfig with clusters in it"])
        self.clusters = tuple(_clusters(listed))
        self.current = _current(root)

    def wanted(self, wish: Wish) -> dict[int, Values]:
        """What is to change, by the entry's place in ``clusters``. Raises ConfigError."""
        hosts = {*wish.hosts, _host(wish.url)}
        chosen = [
            place
            for place, cluster in enumerate(self.clusters)
            if cluster.name == self.current or _host(cluster.server) in hosts
        ]
        if not chosen and self.current is None and len(self.clusters) == 1:
            chosen = [0]
        if not chosen:
            raise ConfigError(
                ["has no current context, and no cluster in it points at one of our apiservers"]
            )
        changes = {place: dict(_changes(self.clusters[place], wish)) for place in chosen}
        return {place: values for place, values in changes.items() if values}

    def with_values(self, values: Mapping[int, Values]) -> str:
        """The text in which cluster entries (by their place) have these values."""
        if not values:
            return self.text
        numbers = {self.clusters[place].number: new for place, new in values.items()}
        return self._document.with_values(numbers)

    def shown(self, values: Mapping[int, Values]) -> Shown:
        """The changes as a person may see them, by the cluster's name."""
        return {
            self.clusters[place].name: {
                key: {
                    "old": visible(key, self.clusters[place].values.get(key)),
                    "new": visible(key, value),
                }
                for key, value in new.items()
            }
            for place, new in values.items()
        }


def visible(key: str, value: str | None) -> str | None:
    """A value without what nobody needs to see: a password in a URL, a certificate's bytes."""
    if value is None:
        return None
    if key == CA_DATA:
        return f"a certificate ({len(value)} characters)"
    return re.sub(r"//[^/@]*@", "//", value)


def _current(root: Node) -> str | None:
    """The name of the current context's cluster."""
    wanted = root.text("current-context")
    contexts = root.get("contexts")
    for entry in contexts.content if contexts is not None and contexts.kind == "list" else ():
        context = entry.get("context")
        if wanted and entry.text("name") == wanted and context is not None:
            return context.text("cluster")
    return None


def _clusters(listed: Node) -> Iterator[Cluster]:
    for entry in listed.content:
        inner = entry.get("cluster")
        if inner is None or inner.kind != "map":
            raise ConfigError(["has a cluster entry without a mapping `cluster`"])
        said = {key: inner.text(key) for key in (SERVER, CA_FILE, CA_DATA)}
        yield Cluster(
            entry.text("name") or "",
            {key: value for key, value in said.items() if value is not None},
            (inner.text(SKIP_VERIFY) or "").lower() == "true",
            inner.first,
        )


def _changes(cluster: Cluster, wish: Wish) -> Iterator[tuple[str, str]]:
    plain = (cluster.server or "").startswith("http://") and wish.plain_url
    url = wish.plain_url if plain else wish.url
    if (cluster.server or "").rstrip("/") != url:
        yield SERVER, url
    if wish.ca_file is None:
        return
    if cluster.skip_verify:
        raise ConfigError(
            [f"cluster {cluster.name}: {SKIP_VERIFY} and a CA exclude each other; remove one"]
        )
    # Data overrides a file, so it stays data where it is.
    if CA_DATA not in cluster.values:
        if cluster.values.get(CA_FILE) != wish.ca_file:
            yield CA_FILE, wish.ca_file
    elif wish.ca is not None and _decoded(cluster.values[CA_DATA]) != wish.ca:
        yield CA_DATA, base64.b64encode(wish.ca).decode()


def _decoded(data: str) -> bytes | None:
    try:
        return base64.b64decode("".join(data.split()), validate=True)
    except (binascii.Error, ValueError):
        return None


def _host(server: str | None) -> str | None:
    try:
        return urlsplit(server or "").hostname
    except ValueError:
        return None
