"""What the Kubernetes programs on this machine know, and what they are told."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from saltext_hakube.core.config import Config
from saltext_hakube.core.kubelayout import KUBELET
from saltext_hakube.core.kubeobsolete import GONE
from saltext_hakube.core.kubernetes import NO_INSECURE_PORT
from saltext_hakube.core.preflight.finding import Check, Look, Unseen, error, need, warning
from saltext_hakube.core.preflight.observed import Observed, Program

VERSION = "hakube:kubernetes:version"
# Dockershim's flags went with it (kubernetes/kubernetes#106907), --container-runtime in 1.27.
OF_DOCKERSHIM = (
    (("network-plugin", "cni-bin-dir", "cni-conf-dir"), (KUBELET,), (1, 24)),
    (("container-runtime",), (KUBELET,), (1, 27)),
)
ELECTING = ("kube-controller-manager", "kube-scheduler")


def insecure_frontend(config: Config, observed: Observed) -> Look:
    """The document's plain http in front of apiservers that have none."""
    if not config.haproxy.insecure:
        return
    version = need(need(observed.apiserver).version)
    if version >= NO_INSECURE_PORT:
        yield error(
            "hakube:haproxy:insecure",
            f"kube-apiserver here is {_text(version)}, which serves no plain http (since "
            f"{_text(NO_INSECURE_PORT)})",
            "leave insecure out; clients use the secure frontend with TLS",
        )


def version_differs(config: Config, observed: Observed) -> Look:
    """The pillar speaks of another Kubernetes than the one that is installed."""
    declared = re.match(r"v?(\d+)\.(\d+)", config.kubernetes.version or "")
    if declared is None:
        return
    installed = need(need(observed.apiserver).version)
    if (int(declared[1]), int(declared[2])) != installed:
        yield warning(
            VERSION,
            f"{config.kubernetes.version}, and kube-apiserver here is {_text(installed)}; the "
            "version decides which flags are written",
            f'write "{_text(installed)}", or update this machine',
        )


def removed_flag(config: Config, observed: Observed) -> Look:
    """A program that gets a flag which it does not know does not start."""
    for name, program in need(observed.programs).items():
        if isinstance(program, Unseen):
            yield Unseen(f"{name}: {program.why}")
            continue
        if isinstance(program.version, Unseen):
            yield Unseen(f"{name}: {program.version.why}")
            continue
        component = name.removeprefix("kube-")
        for flags, owners, since in (*GONE, *OF_DOCKERSHIM):
            if component not in owners or program.version < since:
                continue
            for flag in program.flags.keys() & set(flags):
                yield warning(
                    program.source,
                    f"--{flag} was removed in {_text(since)}; {name} {_text(program.version)} "
                    "does not start with it",
                    f"take --{flag} out of {program.source} or of an environment file that it "
                    "reads",
                )


def no_leader_election(config: Config, observed: Observed) -> Look:
    """Two of them work at once where only Pacemaker keeps them apart."""
    for name in ELECTING:
        program = need(observed.programs).get(name, Unseen("not on this machine"))
        if isinstance(program, Unseen):
            yield Unseen(f"{name}: {program.why}")
        elif program.flags.get("leader-elect") == "false":
            yield warning(
                program.source,
                f"--leader-elect=false: after a split of the network two {name} may work at once",
                "leave leader election on (its default)",
            )


def etcd_even(config: Config, observed: Observed) -> Look:
    """Members that make a majority harder to reach and no loss easier to bear."""
    members = _etcd(need(observed.apiserver))
    if members is None:
        yield Unseen("the apiserver names one etcd of its own machine only")
    elif len(members) % 2 == 0:
        yield warning(
            need(observed.apiserver).source,
            f"{len(members)} members of etcd bear the loss of no more than {len(members) - 1} do",
            "run 3 or 5 members",
        )


def etcd_alone(config: Config, observed: Observed) -> Look:
    """All apiservers stand on one etcd."""
    program = need(observed.apiserver)
    members = _etcd(program)
    if members is None:
        yield Unseen("the apiserver names one etcd of its own machine only")
    elif len(members) == 1 and len(config.servers) > 1:
        yield warning(
            program.source,
            f"--etcd-servers names {members[0]} only, on which {len(config.servers)} apiservers "
            "would stand: with it all are gone",
            "name all members of an etcd of 3 or 5",
        )


def http_proxy(config: Config, observed: Observed) -> Look:
    """Go programs send what is for the VIP to a proxy, if they are told to have one."""
    for name, program in need(observed.programs).items():
        if isinstance(program, Unseen):
            yield Unseen(f"{name}: {program.why}")
            continue
        for key, value in program.environment.items():
            if key.upper() == "HTTPS_PROXY" and value and not _exempt(config, program):
                yield warning(
                    program.source,
                    f"{name} has {key} in its environment and no NO_PROXY for the VIP "
                    f"{config.vip.address}: it asks the proxy for the API",
                    f"add {config.vip.address} to NO_PROXY there",
                )


def _exempt(config: Config, program: Program) -> bool:
    found = [v for k, v in program.environment.items() if k.upper() == "NO_PROXY"]
    words = {word.strip() for value in found for word in value.split(",")}
    return "*" in words or config.vip.address in words or any("/" in word for word in words)


def _etcd(program: Program) -> tuple[str, ...] | None:
    """The hosts of etcd; None where it is the machine's own, which says nothing of the others."""
    urls = program.flags.get("etcd-servers", "")
    hosts = {urlsplit(url.strip()).hostname or "" for url in urls.split(",") if url.strip()}
    local = {"localhost", "127.0.0.1", "::1"}
    return None if not hosts or hosts <= local else tuple(sorted(hosts - local))


def _text(version: tuple[int, int]) -> str:
    return ".".join(map(str, version))


CHECKS: dict[str, Check] = {
    "insecure-frontend": insecure_frontend,
    "version-differs": version_differs,
    "removed-flag": removed_flag,
    "leader-election-off": no_leader_election,
    "etcd-even": etcd_even,
    "etcd-alone": etcd_alone,
    "http-proxy": http_proxy,
}
