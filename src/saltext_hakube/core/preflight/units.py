"""The units that Pacemaker manages: nobody else may start them, and they must be there."""

from __future__ import annotations

from saltext_hakube.core.config import Config
from saltext_hakube.core.preflight.finding import Check, Look, need, warning
from saltext_hakube.core.preflight.observed import Observed


def managed_unit_enabled(config: Config, observed: Observed) -> Look:
    """systemd would start it at boot, before the cluster says where it may run."""
    for name, unit in need(observed.units).items():
        if unit.enabled:
            yield warning(
                name,
                "is enabled, so systemd starts it at boot beside Pacemaker",
                f"hakube.install disables it; by hand: `systemctl disable {name}`",
            )


def unit_missing(config: Config, observed: Observed) -> Look:
    """Pacemaker cannot start what systemd does not know."""
    manifests = observed.manifests if isinstance(observed.manifests, dict) else {}
    for name, unit in need(observed.units).items():
        # haproxy comes with the installation.
        if unit.known or name == config.haproxy.unit:
            continue
        pod = manifests.get(name)
        why = f"; kubelet runs it out of {pod}" if pod else ""
        yield warning(
            f"unit {name}",
            f"systemd has no such unit, so Pacemaker cannot start it here{why}",
            "install it as a unit, or name the right one under hakube:resources",
        )


def static_pod(config: Config, observed: Observed) -> Look:
    """kubelet runs the same component out of a manifest: two on one port."""
    units = need(observed.units)
    for name, file in need(observed.manifests).items():
        if name in units and units[name].known:
            yield warning(
                file,
                f"kubelet runs this component as a static pod, and Pacemaker is to run the unit "
                f"{name}: the second one finds the port taken",
                "keep one of the two: move the manifest away, or leave the unit out",
            )


CHECKS: dict[str, Check] = {
    "managed-unit-enabled": managed_unit_enabled,
    "unit-missing": unit_missing,
    "static-pod": static_pod,
}
