"""hakube.preflight on real nodes: many traps at once on one of them, each found, all undone."""

import contextlib
import json
import shlex

import pytest

from tests.lab import missing
from tests.lab.process import run, wait_until

REASON = missing()
pytestmark = [pytest.mark.lab, pytest.mark.skipif(REASON is not None, reason=REASON or "")]

VIP = "192.0.2.100"
NAMES = ["node1", "node2", "node3"]

# What each trap is found as.
ERRORS = {
    "vip-in-use": "hardware address 02:00:c0:00:02:14",  # the client's
    "vip-set-by-hand": "/etc/network/interfaces.d/vip: gives this machine the VIP",
    "vip-second-manager": "keepalived is told to hold the VIP 192.0.2.100, too and runs",
    "apiserver-on-all-addresses": "told to listen on all addresses, port 6443",
    "vip-not-in-certificate": "(it names 192.0.2.11)",
    "health-check-refused": "--anonymous-auth=false",
    "disk-full": "/tmp: ",
}
WARNINGS = {
    "vip-left-over": "lo: this machine has the VIP",
    "node-unreachable": "refuses on TCP port 2224",
    "name-elsewhere": "resolves to 192.0.2.99 here",
    "name-is-loopback": "resolves to 127.0.1.1",
    "certificate-expiring": "/root/no-vip.crt: ",
    "vip-advertised": "--advertise-address is the VIP",
    "drain-too-short": "--shutdown-delay-duration is 0s",
    "stop-too-short": "systemd kills it 20 s after a stop",
    "leader-election-off": "--leader-elect=false",
    "etcd-even": "2 members of etcd",
    "http-proxy": "has HTTPS_PROXY in its environment",
    "haproxy-without-timeouts": "listen trap has no timeout client, connect, server",
    "haproxy-config-refused": "nonsense",
    "nonlocal-bind-off": "net.ipv4.ip_nonlocal_bind: is 0 while haproxy runs",
    "too-few-connections": "LimitNOFILE=1024 allows 462 connections",
    "defaults-maxconn-low": "maxconn 10 in defaults",
    "managed-unit-enabled": "haproxy: is enabled",
    "static-pod": "manifests/kube-controller-manager.yaml",
    "no-monitor": "resource trap: has no monitor",
    "colocation-reversed": "constraint trap-colocation: places haproxy-clone with VIP-apiserver",
    "cluster-unattended": "resource scheduler: is unmanaged",
}

APISERVER = f"""
KUBE_API_ADDRESS="--bind-address=0.0.0.0 --advertise-address={VIP}"
KUBE_ETCD_SERVERS="--etcd-servers=http://192.0.2.11:2379,http://192.0.2.12:2379"
KUBE_API_ARGS="--anonymous-auth=false --tls-cert-file=/root/no-vip.crt"
"""
SCHEDULER = """
KUBE_SCHEDULER_ARGS="--leader-elect=false"
HTTPS_PROXY=http://proxy.example.com:3128
"""
HAPROXY = """
defaults
    maxconn 10
listen trap
    bind 127.0.0.1:9999
    nonsense
"""
MANIFEST = "spec:\n  containers:\n  - command:\n    - kube-controller-manager\n"
RESOURCE = (
    '<primitive id="trap" class="ocf" provider="pacemaker" type="Dummy">'
    '<meta_attributes id="trap-m"><nvpair id="trap-r" name="target-role" value="Stopped"/>'
    "</meta_attributes></primitive>"
)
# It does not always hear that it is to end.
STOP_PCSD = "systemctl stop --no-block pcsd; systemctl kill -s KILL pcsd; systemctl stop pcsd"
# A score of 1 is a wish: it moves nothing.
COLOCATION = (
    '<rsc_colocation id="trap-colocation" rsc="haproxy-clone" with-rsc="VIP-apiserver" score="1"/>'
)


def holder(lab):
    return next(n for n in lab.nodes if lab.vip in n.run("ip -br address show eth0").stdout)


def preflight(lab, node, **given):
    (report,) = lab.salt(node.name, "hakube.preflight", timeout=60, **given).values()
    assert isinstance(report, dict), report
    return report


def lines(report, severity):
    """The words of each code's findings."""
    found = {}
    for item in report["findings"]:
        if item["severity"] == severity:
            text = f"{item['where']}: {item['told']}; {item['remedy']}"
            found[item["code"]] = f"{found.get(item['code'], '')}\n{text}"
    return found


def certificate(folder):
    """One that does not name the VIP and ends in five days."""
    out = ["-keyout", folder / "key", "-out", folder / "crt", "-days", "5", "-subj", "/CN=trap"]
    new = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    names = ["-addext", "subjectAltName=IP:192.0.2.11"]
    run(["openssl", "req", "-x509", *new, *out, *names], timeout=30)
    return (folder / "crt").read_text()


@pytest.fixture(scope="module")
def nodes(applied):
    """A node that does not hold the VIP, and another one."""
    wait_until(
        lambda: (
            "ok"
            in applied.client.run(f"curl -sS -m 3 https://{VIP}:6443/readyz", check=False).stdout
        ),
        "the API to answer",
        timeout=90,
    )
    away = [node for node in applied.nodes[:3] if node.name != holder(applied).name]
    return away[0], away[1]


@pytest.fixture(scope="module")
def clean(applied, nodes):
    return preflight(applied, nodes[0])


@contextlib.contextmanager
def trap(machine, make, undo):
    """Make it, and whatever comes undo it."""
    try:
        machine.run(make)
        yield
    finally:
        machine.run(undo)


def appended(path, text):
    """Commands that append to a file, and that put it back."""
    copy = f"{path}.before-trap"
    return (
        f"cp -p {path} {copy}; printf %s {shlex.quote(text)} >> {path}",
        f"if [ -e {copy} ]; then mv -f {copy} {path}; fi",
    )


def written(path, text, undo=""):
    """Commands that make a file, and that remove it."""
    make = f"mkdir -p $(dirname {path}); printf %s {shlex.quote(text)} > {path}"
    return make, f"rm -f {path}{undo}"


def drop_in(unit, text):
    path = f"/etc/systemd/system/{unit}.service.d/trap.conf"
    make, undo = written(path, f"[Service]\n{text}\n")
    return f"{make}; systemctl daemon-reload", f"{undo}; systemctl daemon-reload"


def cib(scope, xml):
    quoted = shlex.quote(xml)
    return f"cibadmin --create --scope {scope} --xml-text {quoted}", (
        f"cibadmin --delete --force --xml-text {quoted} || true"
    )


def traps(first):
    """Each: the commands that make it, and those that undo it, for the first node."""
    yield f"ip address add {VIP}/32 dev lo", f"ip address del {VIP}/32 dev lo || true"
    yield written("/etc/network/interfaces.d/vip", f"iface eth0 inet static\n  address {VIP}/24\n")
    yield written("/etc/keepalived/keepalived.conf", f"virtual_ipaddress {{ {VIP} }}\n")
    # A process of that name: what it does is not looked at.
    yield (
        "cp /bin/sleep /run/keepalived; systemd-run --unit trap-keepalived /run/keepalived 300",
        "systemctl stop trap-keepalived || true; rm -f /run/keepalived",
    )
    yield appended("/etc/kubernetes/apiserver", APISERVER)
    yield appended("/etc/kubernetes/scheduler", SCHEDULER)
    yield appended("/etc/haproxy/haproxy.cfg", HAPROXY)
    # The names of the two others: one means another machine, the other this one.
    others = [name for name in NAMES if name != first.name]
    swap = (
        f"/ {others[0]}$/s/.*/192.0.2.99 {others[0]}/; / {others[1]}$/s/.*/127.0.1.1 {others[1]}/"
    )
    make, undo = appended("/etc/hosts", "")
    yield f"{make}; sed -i {shlex.quote(swap)} /etc/hosts", undo
    # Lazy: whoever has a file open there just now goes on to have it, and the trap is undone.
    yield "mount -t tmpfs -o size=4m trap /tmp", "umount --lazy /tmp || true"
    yield drop_in("kube-apiserver", "TimeoutStopSec=20")
    yield drop_in("haproxy", "LimitNOFILE=1024")
    bind = "sysctl -qw net.ipv4.ip_nonlocal_bind="
    yield f"{bind}0", f"{bind}1"
    yield "systemctl enable haproxy", "systemctl disable haproxy"
    yield written("/etc/kubernetes/manifests/kube-controller-manager.yaml", MANIFEST)
    yield cib("resources", RESOURCE)
    yield cib("constraints", COLOCATION)
    meta = "crm_resource --resource scheduler --meta"
    yield (
        f"{meta} --set-parameter is-managed --parameter-value false",
        f"{meta} --delete-parameter is-managed || true",
    )


@pytest.fixture(scope="module")
def trapped(applied, nodes, clean, tmp_path_factory):
    """What preflight and the state say with all the traps; afterwards none of them is left."""
    first, second = nodes
    text = certificate(tmp_path_factory.mktemp("pki"))
    with contextlib.ExitStack() as stack:
        stack.enter_context(trap(second, STOP_PCSD, "systemctl start pcsd"))
        stack.enter_context(trap(first, *written("/root/no-vip.crt", text)))
        for make, undo in traps(first):
            stack.enter_context(trap(first, make, undo))
        vip = f"ip address add {VIP}/24 dev eth0", f"ip address del {VIP}/24 dev eth0"
        with trap(applied.client, *vip):
            report = preflight(applied, first)
        for machine in (*applied.nodes[:3], applied.client):  # who asked meanwhile is wrong
            machine.run(f"ip neigh flush to {VIP}", check=False)
        state = applied.salt(first.name, "state.apply", "hakube.preflight", timeout=60)
    first.run("crm_resource --wait --timeout=180s", timeout=195)
    return report, state[first.name], preflight(applied, first)


def test_a_healthy_cluster_has_no_errors_and_few_warnings(applied, clean):
    assert lines(clean, "error") == {}
    # The machine's clock is whatever it is; the pillar has no fencing.
    assert set(lines(clean, "warning")) <= {"no-fencing", "clock-unsynchronised"}
    # A container may not ask the kernel for its clock; a stand-in knows no flags.
    standin = {"removed-flag"} if applied.kube == "standin" else set()
    assert set(clean["unseen"]) <= {"clock-unsynchronised"} | standin


@pytest.mark.parametrize("code", ERRORS)
def test_what_does_harm_is_an_error_where_it_is_and_only_there(trapped, clean, code):
    report, _, _ = trapped
    assert ERRORS[code] in lines(report, "error").get(code, ""), json.dumps(report, indent=1)
    assert code in clean["passed"]


@pytest.mark.parametrize("code", WARNINGS)
def test_what_bites_later_is_a_warning_where_it_is_and_only_there(trapped, clean, code):
    report, _, _ = trapped
    assert WARNINGS[code] in lines(report, "warning").get(code, ""), json.dumps(report, indent=1)
    assert code in clean["passed"]


def test_nothing_else_is_found(trapped):
    report, _, _ = trapped
    others = {"no-fencing", "clock-unsynchronised"}
    assert set(lines(report, "error")) == set(ERRORS)
    assert set(lines(report, "warning")) - others == set(WARNINGS)


def test_the_state_stops_there_with_the_errors_and_shows_the_warnings(trapped):
    _, states, _ = trapped
    (state,) = [it for it in states.values() if it["__id__"] == "hakube-preflight"]
    assert state["result"] is False
    assert state["changes"] == {}
    # The client has given the VIP back by then.
    assert {line.rpartition("[")[2] for line in state["comment"].splitlines()} == {
        f"{code}]" for code in ERRORS if code != "vip-in-use"
    }
    assert any("[etcd-even]" in line for line in state["warnings"])


def test_when_all_is_undone_it_is_clean_again(trapped, clean):
    _, _, after = trapped
    assert lines(after, "error") == {}
    assert set(after["passed"]) == set(clean["passed"])


ASK = """
import json
from saltext_hakube.host.preflight.neighbours import ask
found = ask("eth0", ["192.0.2.20", "fd00:87::20", "192.0.2.99", "fd00:87::99", "{own}"])
print(json.dumps({{address: sorted(macs) for address, macs in found.items()}}))
"""


def test_the_network_is_asked_by_arp_and_by_neighbour_discovery_and_we_do_not_answer(nodes):
    first, _ = nodes
    asked = first.run(["/opt/salt/bin/python", "-c", ASK.format(own=first.address)])
    client = ["02:00:c0:00:02:14"]
    assert json.loads(asked.stdout) == {
        **{"192.0.2.20": client, "fd00:87::20": client},
        **{"192.0.2.99": [], "fd00:87::99": [], first.address: []},
    }


def test_a_node_that_is_cut_off_is_unreachable_and_lost_to_corosync(applied, nodes):
    first, second = nodes
    codes = ["node-unreachable", "corosync-link-down"]

    def seen():
        return {it["code"] for it in preflight(applied, first, only=codes)["findings"]}

    second.cut_network()
    try:
        wait_until(lambda: seen() == set(codes), f"{second.name} to be missed", timeout=60)
    finally:
        second.mend_network()
    wait_until(lambda: seen() == set(), f"{second.name} to be back", timeout=90)
    wait_until(
        lambda: (
            {*NAMES} <= {*applied.salt(first.name, "hakube_cluster.status")[first.name]["online"]}
        ),
        "all nodes to be online",
        timeout=120,
    )
    first.run("crm_resource --wait --timeout=180s", timeout=195)
