"""The files of Kubernetes on a node: units, and environment files as kubernetes/contrib had them.

The variables' names, the comments and the way the units append them are those of contrib's
init/systemd, which Fedora's packages still follow: that is what the document's administrators edit.
The values are what 1.20 takes (no insecure port; loopback for what nobody else needs).
"""

from __future__ import annotations

from tests.lab.certificates import SERVICE_RANGE

PKI = "/etc/kubernetes/pki"

UNITS = {
    "apiserver": """\
[Unit]
Description=Kubernetes API Server{label}
Documentation=https://kubernetes.io/docs/
After=network.target
After=etcd.service

[Service]
EnvironmentFile=-/etc/kubernetes/config
EnvironmentFile=-/etc/kubernetes/apiserver
User=kube
ExecStart={program} \\
\t    $KUBE_LOGTOSTDERR \\
\t    $KUBE_LOG_LEVEL \\
\t    $KUBE_ETCD_SERVERS \\
\t    $KUBE_API_ADDRESS \\
\t    $KUBE_API_PORT \\
\t    $KUBELET_PORT \\
\t    $KUBE_ALLOW_PRIV \\
\t    $KUBE_SERVICE_ADDRESSES \\
\t    $KUBE_ADMISSION_CONTROL \\
\t    $KUBE_API_ARGS
Restart=on-failure
Type=notify
LimitNOFILE=65536

[Install]
WantedBy=multi-user.target
""",
    "controller-manager": """\
[Unit]
Description=Kubernetes Controller Manager{label}
Documentation=https://kubernetes.io/docs/

[Service]
EnvironmentFile=-/etc/kubernetes/config
EnvironmentFile=-/etc/kubernetes/controller-manager
User=kube
ExecStart={program} \\
\t    $KUBE_LOGTOSTDERR \\
\t    $KUBE_LOG_LEVEL \\
\t    $KUBE_MASTER \\
\t    $KUBE_CONTROLLER_MANAGER_ARGS
Restart=on-failure
LimitNOFILE=65536

[Install]
WantedBy=multi-user.target
""",
    "scheduler": """\
[Unit]
Description=Kubernetes Scheduler{label}
Documentation=https://kubernetes.io/docs/

[Service]
EnvironmentFile=-/etc/kubernetes/config
EnvironmentFile=-/etc/kubernetes/scheduler
User=kube
ExecStart={program} \\
\t    $KUBE_LOGTOSTDERR \\
\t    $KUBE_LOG_LEVEL \\
\t    $KUBE_MASTER \\
\t    $KUBE_SCHEDULER_ARGS
Restart=on-failure
LimitNOFILE=65536

[Install]
WantedBy=multi-user.target
""",
}

_CONFIG = """\
###
# kubernetes system config
#
# The following values are used to configure various aspects of all
# kubernetes services, including
#
#   kube-apiserver.service
#   kube-controller-manager.service
#   kube-scheduler.service
#   kubelet.service
#   kube-proxy.service
# logging to stderr means we get it in the systemd journal
KUBE_LOGTOSTDERR="--logtostderr=true"

# journal message level, 0 is debug
KUBE_LOG_LEVEL="--v=0"

# Should this cluster be allowed to run privileged docker containers
KUBE_ALLOW_PRIV="--allow-privileged=false"

# How the controller-manager, scheduler, and proxy find the apiserver
KUBE_MASTER="--master=http://127.0.0.1:8080"
"""

_KUBELET = """\
###
# kubernetes kubelet (minion) config

# The address for the info server to serve on (set to 0.0.0.0 or "" for all interfaces)
KUBELET_ADDRESS="--address=127.0.0.1"

# The port for the info server to serve on
# KUBELET_PORT="--port=10250"

# You may leave this blank to use the actual hostname
KUBELET_HOSTNAME="--hostname-override={name}"

# location of the api-server
KUBELET_API_SERVER="--api-servers=http://127.0.0.1:8080"

# Add your own!
KUBELET_ARGS=""
"""

_APISERVER = """\
###
# kubernetes system config
#
# The following values are used to configure the kube-apiserver
#

# The address on the local server to listen to.
# Its own, not all: the port of the floating address belongs to haproxy.
KUBE_API_ADDRESS="--bind-address={address} --advertise-address={address}"

# The port on the local server to listen on.
KUBE_API_PORT="--secure-port=6443"

# Port minions listen on
# KUBELET_PORT="--kubelet-port=10250"

# Comma separated list of nodes in the etcd cluster
KUBE_ETCD_SERVERS="--etcd-servers={etcd}"

# Address range to use for services
KUBE_SERVICE_ADDRESSES="--service-cluster-ip-range={services}"

# default admission control policies
KUBE_ADMISSION_CONTROL="--enable-admission-plugins=NodeRestriction"

# Add your own!
KUBE_API_ARGS="--authorization-mode=Node,RBAC {args}"
"""

#: --shutdown-delay-duration: /readyz says no that long before the server goes; longer than a load
#: balancer needs to see it twice (checks every 2 s).
_APISERVER_ARGS = f"""
    --client-ca-file={PKI}/ca.crt
    --tls-cert-file={PKI}/apiserver.crt --tls-private-key-file={PKI}/apiserver.key
    --service-account-key-file={PKI}/sa.pub --service-account-signing-key-file={PKI}/sa.key
    --service-account-issuer=https://kubernetes.default.svc
    --shutdown-delay-duration=6s
"""

_COMPONENT = """\
###
# The following values are used to configure the kubernetes {name}

# defaults from config and apiserver should be adequate

# Add your own!
{variable}="{args}"
"""

_CONTROLLER_MANAGER_ARGS = f"""
    --kubeconfig=/etc/kubernetes/controller-manager.kubeconfig
    --authentication-kubeconfig=/etc/kubernetes/controller-manager.kubeconfig
    --authorization-kubeconfig=/etc/kubernetes/controller-manager.kubeconfig
    --use-service-account-credentials=true
    --bind-address=127.0.0.1 --port=0 --leader-elect=true
    --root-ca-file={PKI}/ca.crt --service-account-private-key-file={PKI}/sa.key
"""

_SCHEDULER_ARGS = """
    --kubeconfig=/etc/kubernetes/scheduler.kubeconfig
    --authentication-kubeconfig=/etc/kubernetes/scheduler.kubeconfig
    --authorization-kubeconfig=/etc/kubernetes/scheduler.kubeconfig
    --bind-address=127.0.0.1 --port=0 --leader-elect=true
"""

#: Heartbeat and election are three times the defaults: the members of one election share two cores
#: with everything else, and a lost leader is a fault that nobody asked for.
_ETCD = """\
ETCD_NAME={name}
ETCD_LISTEN_PEER_URLS=http://{address}:2380
ETCD_LISTEN_CLIENT_URLS=http://{address}:2379,http://127.0.0.1:2379
ETCD_INITIAL_ADVERTISE_PEER_URLS=http://{address}:2380
ETCD_ADVERTISE_CLIENT_URLS=http://{address}:2379
# As from etcd 3.5 on by itself: who was cut off unseats nobody when it comes back.
ETCD_PRE_VOTE=true
ETCD_INITIAL_CLUSTER={members}
ETCD_INITIAL_CLUSTER_TOKEN=hakube-lab
ETCD_HEARTBEAT_INTERVAL=300
ETCD_ELECTION_TIMEOUT=3000
"""

#: etcd is not what is tested: it comes back whatever it died of.
ETCD_DROP_IN = "[Service]\nRestart=always\nRestartSec=1\n"


def environment(name: str, address: str, etcd: dict[str, str]) -> dict[str, str]:
    """The environment files of a node by path; *etcd* has each member's address by its name."""
    servers = ",".join(f"http://{it}:2379" for it in etcd.values())
    members = ",".join(f"{it}=http://{etcd[it]}:2380" for it in etcd)
    files = {
        "etc/kubernetes/config": _CONFIG,
        "etc/kubernetes/kubelet": _KUBELET.format(name=name),
        "etc/kubernetes/apiserver": _APISERVER.format(
            address=address, etcd=servers, services=SERVICE_RANGE, args=_line(_APISERVER_ARGS)
        ),
        "etc/kubernetes/controller-manager": _COMPONENT.format(
            name="controller-manager",
            variable="KUBE_CONTROLLER_MANAGER_ARGS",
            args=_line(_CONTROLLER_MANAGER_ARGS),
        ),
        "etc/kubernetes/scheduler": _COMPONENT.format(
            name="scheduler", variable="KUBE_SCHEDULER_ARGS", args=_line(_SCHEDULER_ARGS)
        ),
    }
    if name in etcd:
        files["etc/default/etcd"] = _ETCD.format(name=name, address=address, members=members)
    return files


def _line(text: str) -> str:
    return " ".join(text.split())
