"""The codes of all traps, each with its title. A code is forever: pillars name them."""

from __future__ import annotations

TITLES = {
    # the VIP on the network
    "vip-in-use": "The VIP is in use by a machine that is no node",
    "node-address-in-use": "The address of a node is in use by another machine",
    "vip-without-interface": "No interface of this machine can have the VIP",
    "vip-interface-down": "The VIP's interface has no carrier",
    "ipv6-off": "An IPv6 VIP where the kernel has IPv6 off",
    "vip-set-by-hand": "The machine's own network configuration sets the VIP",
    "vip-left-over": "The machine has the VIP and the cluster did not put it there",
    "vip-second-manager": "keepalived, kube-vip or another program manages the VIP, too",
    "vip-port-taken": "Another program listens on the VIP's port",
    "apiserver-on-all-addresses": "The apiserver listens on all addresses, on the VIP's port",
    # the other nodes
    "node-unreachable": "pcsd of another node cannot be reached",
    "corosync-link-down": "Corosync has lost a node on a link",
    "name-elsewhere": "A node's name resolves to another machine",
    "name-is-loopback": "A node's name resolves to a loopback address",
    "hostname-of-another-node": "The machine has the host name of another node",
    "clock-unsynchronised": "The clock is not synchronised",
    "clock-skew": "The clocks of two nodes differ",
    "firewall-closed": "firewalld does not let the cluster or the API through",
    # certificates
    "vip-not-in-certificate": "The apiserver's certificate does not hold for the VIP",
    "certificate-expired": "The apiserver's certificate is not valid now",
    "certificate-expiring": "The apiserver's certificate ends soon",
    "ca-file-missing": "The CA by which haproxy checks the apiservers is missing",
    "ca-file-wrong": "haproxy would not trust the apiservers' certificates",
    # the apiservers
    "health-check-refused": "The apiserver refuses haproxy's health check",
    "health-check-blind": "The health check does not see a hung or leaving apiserver",
    "apiserver-unreachable": "haproxy here cannot reach an apiserver",
    "apiserver-elsewhere": "The apiserver does not listen where haproxy looks for it",
    "vip-advertised": "The apiserver advertises the VIP as its own address",
    "drain-too-short": "An apiserver that stops is gone before haproxy has noticed",
    "stop-too-short": "An apiserver that stops is killed before it has ended",
    # Kubernetes
    "insecure-frontend": "A plain http frontend for a Kubernetes that has none",
    "version-differs": "Another Kubernetes is installed than the pillar says",
    "removed-flag": "A flag that the installed Kubernetes refuses",
    "leader-election-off": "Leader election is switched off",
    "etcd-even": "An even number of etcd members",
    "etcd-alone": "One etcd under several apiservers",
    "http-proxy": "A proxy stands between the components and the VIP",
    # haproxy
    "haproxy-without-timeouts": "A section of haproxy.cfg without timeouts",
    "haproxy-config-refused": "haproxy refuses its configuration",
    "nonlocal-bind-off": "haproxy may not bind to the VIP where that is not",
    "too-few-connections": "haproxy may have too few connections",
    "defaults-maxconn-low": "The file's defaults allow the API too few connections",
    "selinux-connect-any-off": "SELinux keeps haproxy from the API's ports",
    # units and cluster
    "managed-unit-enabled": "A unit that Pacemaker manages is enabled",
    "unit-missing": "A unit that Pacemaker is to manage is not there",
    "static-pod": "kubelet runs a component that Pacemaker manages",
    "no-fencing": "There is no fencing",
    "node-count": "The number of nodes is unwise",
    "split-brain": "Both halves of a split network may hold the VIP",
    "unfenced-node": "A node that no fence device is for",
    "corosync-differs": "Corosync knows a node by other addresses",
    "no-monitor": "A resource without a monitor operation",
    "colocation-reversed": "haproxy is placed with the VIP, in place of the reverse",
    "vip-twice-in-cluster": "Another resource has the VIP's address",
    "cluster-unattended": "The cluster, a node or a resource is in maintenance",
    # the machine
    "disk-full": "No room on a disk",
    "too-busy-for-fast": "The machine is too busy for corosync's short token",
}

# The state hakube.pillar_valid tells these, out of the pillar alone.
OF_THE_PILLAR = frozenset({"no-fencing", "node-count", "split-brain"})
# Of an apply another state tells these: hakube.kubeenv while it edits the flags.
TOLD_ELSEWHERE = OF_THE_PILLAR | {"removed-flag"}
