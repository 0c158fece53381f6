"""All probes and their times."""

from __future__ import annotations

import time
from typing import Any

from saltext_hakube.agents.ground.loop import Loop
from saltext_hakube.agents.ground.netlink import Network
from saltext_hakube.agents.probe import disk, judge, lease
from saltext_hakube.agents.probe.answer import Answer, request
from saltext_hakube.agents.probe.board import Begin, Board, Done
from saltext_hakube.agents.probe.certificates import Certificates
from saltext_hakube.agents.probe.crm import Crm
from saltext_hakube.agents.probe.drift import Drift
from saltext_hakube.agents.probe.get import Get, Target
from saltext_hakube.agents.probe.health import Health
from saltext_hakube.agents.probe.kubeconfig import Wrong
from saltext_hakube.agents.probe.lease import Follow
from saltext_hakube.agents.probe.look import unknown
from saltext_hakube.agents.probe.owner import Owner
from saltext_hakube.agents.probe.settings import Component, Settings
from saltext_hakube.agents.probe.trust import Door, Trust

OFTEN = 2.0  # seconds: that a component hangs is seen twice within 5.5 s (a look takes 1.5 at most)
NOW_AND_THEN = 5.0
SELDOM = 60.0
GIVE_UP = 4.0  # seconds: two requests, without and with credentials, and some more
LIVEZ = "/livez?exclude=etcd"  # without etcd all apiservers fail, and a restart mends none of them


class Probes:
    """They look from when it is made."""

    def __init__(self, loop: Loop, settings: Settings):
        self._loop = loop
        self._settings = settings
        self._board = Board(loop)
        self._trust = Trust(settings.ca)
        self._unchecked = Trust(None)
        self._crm = Crm(loop, self._board, settings.spool)
        if settings.apiserver is not None:
            self._health("apiserver.livez", OFTEN, settings.apiserver, LIVEZ)
            self._health("apiserver.readyz", NOW_AND_THEN, settings.apiserver, "/readyz")
        components = {"scheduler": settings.scheduler, "controller-manager": settings.controllers}
        for name, component in components.items():
            self._health(f"{name}.health", OFTEN, component, "/healthz")
            self._lease(f"{name}.lease", component, f"kube-{name}")
        self._owner = Owner(loop, Network(loop, lambda: None), settings.vip)
        self._add("vip.owner", NOW_AND_THEN, self._owned)
        self._add("vip.request", NOW_AND_THEN, self._ask_vip)
        drift, certificates = Drift(settings.manifest), Certificates(settings.certificates)
        self._add("files.drift", OFTEN, lambda done: done(drift.look()))
        self._add("certificates.expiry", SELDOM, lambda it: it(certificates.look(time.time())))
        self._add("disk.space", SELDOM, lambda done: done(disk.look(settings.disks)))

    @property
    def seen(self) -> dict[str, Any]:
        """For the sample."""
        settings = self._settings
        return {
            "interval": settings.interval,
            "probes": self._board.seen,
            "cluster": self._crm.seen(settings.node, settings.vip.resource),
        }

    def _add(self, name: str, every: float, begin: Begin) -> None:
        self._board.add(name, every, GIVE_UP, begin)

    def _health(self, name: str, every: float, component: Component, path: str) -> None:
        # Scheduler and controller-manager make a certificate of their own at their start.
        trust = self._trust if name.startswith("apiserver") else self._unchecked

        def door(files: tuple[str, ...]) -> Door:
            return trust.as_user(files) if files else trust.anonymous()

        health = Health(self._loop, self._crm, self._settings.node, component, path=path, door=door)
        self._add(name, every, health.begin)

    def _lease(self, name: str, component: Component, resource: str) -> None:
        """By way of this node's haproxy: of the apiservers any will do."""
        follow, target = Follow(), self._settings.api

        def begin(done: Done) -> None:
            try:
                door = self._trust.as_user(component.kubeconfigs)
            except Wrong as error:
                done(unknown(f"it cannot be asked for: {error}"))
                return
            host = target.address if target.port else "kubernetes"
            text = request(lease.path(resource), host, door.token)
            told = lambda it: done(follow.look(it, self._loop.now(), time.time()))  # noqa: E731
            Get(self._loop, target, text, door.context, told)

        self._add(name, NOW_AND_THEN, begin)

    def _owned(self, done: Done) -> None:
        vip = self._settings.vip.resource
        if vip in self._crm.cluster.stopped:
            done(unknown("the VIP is stopped on purpose"))
        else:
            self._owner.begin(done)

    def _ask_vip(self, done: Done) -> None:
        vip = self._settings.vip
        if self._owner.here:
            done(unknown("this node has the VIP itself; the others ask it"))
            return
        try:
            context = self._trust.anonymous().context
        except Wrong as error:
            done(unknown(f"it cannot be asked: {error}"))
            return

        def answered(it: Answer) -> None:
            # It may have come here meanwhile, which no network lets us see.
            done(unknown("the VIP came here") if self._owner.here else judge.reached(it, "the VIP"))

        target = Target(vip.address, vip.port)
        Get(self._loop, target, request(LIVEZ, vip.address), context, answered)
