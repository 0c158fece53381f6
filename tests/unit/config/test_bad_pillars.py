"""Each bad pillar gives exactly one line: the path, what is wrong, what is allowed or to do."""

import datetime

import pytest

from saltext_hakube.core.config import Facts, resolve
from saltext_hakube.core.errors import ConfigError
from saltext_hakube.core.haproxy.options import Haproxy

from .pillars import ABSENT, FENCE_PASSWORD, FENCED, GOOD, PASSWORD, changed

NODE1 = Facts(names=("node1",))

TOP = (
    "cluster, vip, timing, fencing, apiserver, haproxy, kubernetes, sysctl, watch, reflex, heal, "
    "resources, properties, install, preflight, objects, absent, purge, safety"
)
CLUSTER = (
    "nodes, password, name, peers_timeout, start_timeout, settle_timeout, totem, "
    "accept_split_brain, quorum_device"
)
HAPROXY = ", ".join(Haproxy.__struct_fields__)
RESOURCES = (
    "vip, haproxy, apiserver, scheduler, controller, controller_group, controller_group_meta, "
    "orders"
)
ADDRESS = "expected an IPv4 or IPv6 address, without a host name, port or prefix"
REACHABLE = "give an address that other machines can reach"
PORT = "expected a port number, 1 to 65535"
SPLIT = (
    "after a split of the network both halves may hold the VIP; declare fence devices under "
    "hakube:fencing, or write hakube:cluster:accept_split_brain: true"
)
WATCHDOG = (
    "declare devices under hakube:fencing or stonith-watchdog-timeout (SBD with a watchdog), or "
    "leave it out"
)
POLICIES = "one of stop, freeze, ignore, demote, suicide, fence"
LINKS = [{"addresses": ["192.0.2.11", "198.51.100.11"]}, {"addresses": ["192.0.2.12"]}]
SIX = {
    "cluster:nodes": {"node1": "2001:db8::11", "node2": "2001:db8::12", "node3": "2001:db8::13"},
    "vip:address": "2001:db8::100",
}

BAD = {
    # timing
    "a profile that there is not": (
        {"timing": "quick"},
        "hakube:timing: 'quick' is wrong; expected one of safe, fast",
    ),
    "a list as the profile": (
        {"timing": ["fast"]},
        "hakube:timing: a list is wrong; expected one of safe, fast",
    ),
    "an empty timeouts with a profile": (
        {"timing": "fast", "haproxy:timeouts": None},
        "hakube:haproxy:timeouts: empty; expected a mapping with the keys connect, client, "
        "server, check",
    ),
    "text in place of haproxy with a profile": (
        {"timing": "fast", "haproxy": "inter 1s"},
        f"hakube:haproxy: text is wrong; expected a mapping with the keys {HAPROXY}",
    ),
    "a token with which corosync does not start": (
        {"cluster:totem:token": 100},
        "hakube:cluster:totem:token: 100 is wrong; expected a whole number of milliseconds, "
        "200 to 600000",
    ),
    "a token with a unit": (
        {"cluster:totem:token": "3s"},
        "hakube:cluster:totem:token: '3s' is wrong; expected a whole number of milliseconds, "
        "200 to 600000",
    ),
    "a consensus below 1.2 times the profile's token": (
        {"cluster:totem:consensus": 3599},
        "hakube:cluster:totem:consensus: 3599 is less than 1.2 times the token of 3 nodes, which "
        "corosync needs to agree; leave it out, or make it 3600 or more",
    ),
    "a consensus that forgets the coefficient": (
        {"timing": "fast", "cluster:totem": {"token_coefficient": 650, "consensus": 1200}},
        "hakube:cluster:totem:consensus: 1200 is less than 1.2 times the token of 3 nodes, which "
        "corosync needs to agree; leave it out, or make it 1980 or more",
    ),
    # keys
    "an unknown key at the top": (
        {"clusterr": 1},
        f"hakube:clusterr: unknown key; did you mean cluster? allowed here: {TOP}",
    ),
    "an unknown key with a near match": (
        {"vip:adress": "192.0.2.100"},
        "hakube:vip:adress: unknown key; did you mean address? allowed here: address, prefix, "
        "interface",
    ),
    "an unknown key without a near match": (
        {"cluster:colour": "red"},
        f"hakube:cluster:colour: unknown key; allowed here: {CLUSTER}",
    ),
    "a number as a key": (
        {"resources": {5: {}}},
        f"hakube:resources:5: unknown key; allowed here: {RESOURCES}",
    ),
    "an operation's key with an underscore": (
        {"resources:vip:operations": {"monitor": {"on_fail": "restart"}}},
        "hakube:resources:vip:operations:monitor:on_fail: unknown key; did you mean on-fail? "
        "allowed here: interval, timeout, role, on-fail, start-delay, enabled, record-pending",
    ),
    "no password": (
        {"cluster:password": ABSENT},
        "hakube:cluster:password: missing; expected a password of one line, in quotes",
    ),
    "no VIP": (
        {"vip": ABSENT},
        "hakube:vip: missing; expected a mapping with the keys address, prefix, interface",
    ),
    # types
    "a list of nodes": (
        {"cluster:nodes": ["node1", "node2"]},
        "hakube:cluster:nodes: a list is wrong; expected a mapping of at least one node's name to "
        "its address",
    ),
    "no nodes": (
        {"cluster:nodes": {}},
        "hakube:cluster:nodes: empty; expected a mapping of at least one node's name to its "
        "address",
    ),
    "a section without content": (
        {"resources": None},
        f"hakube:resources: empty; expected a mapping with the keys {RESOURCES}",
    ),
    "text in place of a section": (
        {"cluster": "password=" + PASSWORD},
        f"hakube:cluster: text is wrong; expected a mapping with the keys {CLUSTER}",
    ),
    "a bool for a number": (
        {"cluster:peers_timeout": True},
        "hakube:cluster:peers_timeout: True is wrong; expected a whole number of seconds, 1 to "
        "86400",
    ),
    "a number for a bool": (
        {"cluster:accept_split_brain": 1},
        "hakube:cluster:accept_split_brain: 1 is wrong; expected true or false",
    ),
    "a fraction of a second": (
        {"cluster:start_timeout": 1.5},
        "hakube:cluster:start_timeout: 1.5 is wrong; expected a whole number of seconds, 1 to "
        "86400",
    ),
    "a number that is none": (
        {"properties": {"cluster-delay": float("nan")}},
        "hakube:properties:cluster-delay: nan is wrong; expected text of one line, a number, or "
        "true or false",
    ),
    "a date in place of text": (
        {"properties": {"x": datetime.date(2024, 2, 3)}},
        "hakube:properties:x: a date is wrong; expected text of one line, a number, or true or "
        "false (write text in quotes)",
    ),
    "a number of thousands of digits": (
        {"properties": {"x": 10**5000}},
        "hakube:properties:x: a huge number is wrong; expected text of one line, a number, or "
        "true or false",
    ),
    "a password that is a number": (
        {"cluster:password": 123456},
        "hakube:cluster:password: the value (not shown) is wrong; expected a password of one "
        "line, in quotes (write text in quotes)",
    ),
    "a password of two lines": (
        {"cluster:password": "a\nb"},
        "hakube:cluster:password: the value (not shown) is wrong; expected a password of one "
        "line, in quotes",
    ),
    "a word that is none of the choices": (
        {"resources:orders": {"kind": "optional"}},
        "hakube:resources:orders:kind: 'optional' is wrong; expected one of Optional, Mandatory, "
        "Serialize",
    ),
    "a duration without a known unit": (
        {"resources:vip:operations": {"monitor": {"interval": "5 lightyears"}}},
        "hakube:resources:vip:operations:monitor:interval: '5 lightyears' is wrong; expected a "
        "duration, such as 10s, 500ms or 2min (a number alone is seconds)",
    ),
    "a version that YAML made a number of": (
        {"kubernetes": {"version": 1.2}},
        "hakube:kubernetes:version: 1.2 is wrong; expected a Kubernetes version in quotes, such "
        'as "1.20" or "1.32.1" (without quotes YAML reads 1.20 as the number 1.2) (write text in '
        "quotes)",
    ),
    "half of a character": (
        {"fencing": "\ud800"},
        "hakube:fencing: '\\ud800' is wrong; expected a mapping of fence devices, or the word "
        "none to run without fencing",
    ),
    # names
    "a name that cannot be an id in the CIB": (
        {"resources:vip": {"name": "1st vip"}},
        "hakube:resources:vip:name: '1st vip' is wrong; expected a name of letters, digits, '.', "
        "'_', '-' that begins with a letter or '_'",
    ),
    "a node's name that is a number": (
        {"cluster:nodes": {1: "192.0.2.11"}},
        "hakube:cluster:nodes: the name 1 is wrong; expected a host name: letters, digits, '.', "
        "'-' (write text in quotes)",
    ),
    "a node's name with a line end": (
        {"cluster:nodes": {"node1\n": "192.0.2.11"}},
        "hakube:cluster:nodes: the name 'node1\\n' is wrong; expected a host name: letters, "
        "digits, '.', '-'",
    ),
    "two resources of one name": (
        {"resources:scheduler": {"name": "haproxy"}},
        "hakube:resources:scheduler:name: the name haproxy is already that of "
        "hakube:resources:haproxy:name; give each its own",
    ),
    "a resource of the name of a clone": (
        {"resources:controller": {"name": "haproxy-clone"}},
        "hakube:resources:controller:name: the name haproxy-clone is already that of the clone of "
        "hakube:resources:haproxy:name; give it another",
    ),
    "a fence device of the name of a resource": (
        {"fencing": {"haproxy": {"agent": "fence_ipmilan"}}},
        "hakube:fencing:haproxy: the name haproxy is already that of "
        "hakube:resources:haproxy:name; give each its own",
    ),
    **{
        f"a resource of the name of {what}": (
            {"resources:controller": {"name": name}},
            f"hakube:resources:controller:name: the name {name} is already that of {what}; "
            "give it another",
        )
        for name, what in {
            "order-VIP-apiserver-haproxy-clone-Optional": "the order of VIP and haproxy",
            "order-haproxy-clone-apiserver-group-clone-Optional": (
                "the order of haproxy and apiserver"
            ),
            "colocation-VIP-apiserver-haproxy-clone-INFINITY": "the colocation of VIP and haproxy",
        }.items()
    },
    "one file for haproxy and the kernel": (
        {"haproxy:config": "/etc/x.conf", "sysctl": {"file": "//etc/y/../x.conf"}},
        "hakube:sysctl:file: the file /etc/x.conf is already that of hakube:haproxy:config; give "
        "each its own",
    ),
    "one file for haproxy and kubernetes": (
        {"haproxy:config": "/etc/x", "kubernetes": {"config_file": "/etc/x"}},
        "hakube:kubernetes:config_file: the file /etc/x is already that of "
        "hakube:haproxy:config; give each its own",
    ),
    "one file for the kernel and the kubelet": (
        {"sysctl": {"file": "/etc/x"}, "kubernetes": {"kubelet_file": "/etc/./x"}},
        "hakube:kubernetes:kubelet_file: the file /etc/x is already that of "
        "hakube:sysctl:file; give each its own",
    ),
    "two nodes whose names differ in case": (
        {"cluster:nodes:NODE1": "192.0.2.14", "cluster:nodes:node4": "192.0.2.15"},
        "hakube:cluster:nodes: NODE1 and node1 differ in case only, which pacemaker and the name "
        "service do not look at; give each node its own name",
    ),
    **{
        f"a node that is called {name}": (
            {f"cluster:nodes:{name}": "192.0.2.14"},
            f"hakube:cluster:nodes: {name} is what every machine calls itself; give the node its "
            "own host name",
        )
        for name in ("localhost", "Localhost.localdomain")
    },
    "a node whose minion is another node": (
        {"cluster:nodes:node2": {"addresses": ["192.0.2.12"], "minion": "node3"}},
        "hakube:cluster:nodes:node2:minion: node3 is the name of another node; give the minion "
        "that node2 is",
    ),
    "IPv4 and IPv6 on one link": (
        {"cluster:nodes:node2": "2001:db8::12"},
        "hakube:cluster:nodes: link 0 mixes IPv4 and IPv6 (192.0.2.11, 2001:db8::12, 192.0.2.13); "
        "give all nodes addresses of one version there",
    ),
    "a fence agent with a line end": (
        {"fencing": {"ipmi": {"agent": "fence_ipmilan\n"}}},
        "hakube:fencing:ipmi:agent: 'fence_ipmilan\\n' is wrong; expected a fence agent, such as "
        "fence_ipmilan",
    ),
    "an operation with a line end": (
        {"resources:vip:operations": {"monitor\n": {}}},
        "hakube:resources:vip:operations: the name 'monitor\\n' is wrong; expected an operation, "
        "such as monitor, start, stop",
    ),
    "the folder above in place of an interface": (
        {"vip:interface": ".."},
        "hakube:vip:interface: '..' is wrong; expected a network interface, such as eth0",
    ),
    "one unit for two resources": (
        {"resources:controller": {"unit": "kube-scheduler.service"}},
        "hakube:resources:controller:unit: the unit kube-scheduler is already that of "
        "hakube:resources:scheduler:unit; a unit is one resource",
    ),
    "a property that pacemaker writes": (
        {"properties": {"dc-version": "1"}},
        "hakube:properties:dc-version: pacemaker writes it itself; leave it out",
    ),
    "this minion is none of the nodes": (
        {"cluster:nodes:node1": ABSENT, "cluster:nodes:node4": "192.0.2.14"},
        "hakube:cluster:nodes: this minion (node1) is none of node2, node3, node4; add it, or "
        "give one of them `minion: ID` with this minion's id",
    ),
    "one minion for two nodes": (
        {
            "cluster:nodes": {
                "a": {"addresses": ["192.0.2.11"], "minion": "node1"},
                "b": {"addresses": ["192.0.2.12"], "minion": "node1"},
                "c": "192.0.2.13",
            }
        },
        "hakube:cluster:nodes: the minion node1 stands for 2 nodes; a minion is one node",
    ),
    # addresses
    "a host name as an address": (
        {"cluster:nodes:node2": "node2.example.com"},
        f"hakube:cluster:nodes:node2: 'node2.example.com' is wrong; {ADDRESS}",
    ),
    "an address with too large a part": (
        {"vip:address": "192.0.2.300"},
        f"hakube:vip:address: '192.0.2.300' is wrong; {ADDRESS}",
    ),
    "an address with a prefix": (
        {"vip:address": "192.0.2.100/24"},
        f"hakube:vip:address: '192.0.2.100/24' is wrong; {ADDRESS}",
    ),
    "an address with a port": (
        {"apiserver:servers": [{"address": "192.0.2.11:6443"}]},
        f"hakube:apiserver:servers:0:address: '192.0.2.11:6443' is wrong; {ADDRESS}",
    ),
    "an IPv6 address with a zone": (
        {**SIX, "vip:address": "fe80::1%eth0"},
        "hakube:vip:address: fe80::1%eth0 has a zone, which has a meaning on one machine only; "
        f"{REACHABLE}",
    ),
    "a link-local address": (
        {"cluster:nodes:node2": "169.254.1.2"},
        "hakube:cluster:nodes:node2: 169.254.1.2 is link-local, so it is not routable; "
        f"{REACHABLE}",
    ),
    "a loopback address": (
        {"cluster:nodes:node2": "127.0.0.1"},
        f"hakube:cluster:nodes:node2: 127.0.0.1 is a loopback address; {REACHABLE}",
    ),
    "the address of no machine": (
        {"vip:address": "0.0.0.0"},
        f"hakube:vip:address: 0.0.0.0 cannot be the address of a machine; {REACHABLE}",
    ),
    "an IPv4 address in IPv6's clothes": (
        {"cluster:nodes:node2": "::ffff:192.0.2.12"},
        "hakube:cluster:nodes:node2: ::ffff:192.0.2.12 stands for the IPv4 address 192.0.2.12; "
        f"{REACHABLE}",
    ),
    "a number as an address": (
        {"vip:address": 37230},  # YAML reads 10:20:30 as a number of base 60
        "hakube:vip:address: 37230 is wrong; expected an IPv4 or IPv6 address (write text in "
        "quotes)",
    ),
    "two nodes of one address": (
        {"cluster:nodes:node2": "192.0.2.11"},
        "hakube:cluster:nodes:node2: the address 192.0.2.11 is already that of node1; every link "
        "of every node has its own",
    ),
    "nodes with different numbers of links": (
        {"cluster:nodes:node1": LINKS[0], "cluster:nodes:node2": LINKS[1]},
        "hakube:cluster:nodes: give every node the same number of addresses (corosync links)",
    ),
    "a node without addresses": (
        {"cluster:nodes:node2": {"addresses": []}},
        "hakube:cluster:nodes:node2:addresses: empty; expected a list of 1 to 8 addresses",
    ),
    "a VIP outside of the subnet": (
        {"vip:address": "198.51.100.7"},
        "hakube:vip:address: 198.51.100.7 is outside every node's subnet (192.0.2.0/24); give an "
        "address on the nodes' own network, or the right hakube:vip:prefix",
    ),
    "a VIP outside of the subnet that its prefix makes": (
        {"vip:prefix": 28},
        "hakube:vip:address: 192.0.2.100 is outside every node's subnet (192.0.2.0/28); give an "
        "address on the nodes' own network, or the right hakube:vip:prefix",
    ),
    "an IPv6 VIP outside of the subnet": (
        {**SIX, "vip:address": "2001:db8:1::100"},
        "hakube:vip:address: 2001:db8:1::100 is outside every node's subnet (2001:db8::/64); give "
        "an address on the nodes' own network, or the right hakube:vip:prefix",
    ),
    "a VIP that is a node": (
        {"vip:address": "192.0.2.12"},
        "hakube:vip:address: 192.0.2.12 is the own address of node2; the VIP floats, give it an "
        "address that no machine has",
    ),
    "a prefix of IPv6 for a VIP of IPv4": (
        {"vip:prefix": 64},
        "hakube:vip:prefix: 64 is too long for IPv4, whose addresses have 32 bits",
    ),
    "a prefix that is too long for IPv6": (
        {**SIX, "vip:prefix": 129},
        "hakube:vip:prefix: 129 is wrong; expected a prefix length: 1 to 32 for IPv4, to 128 for "
        "IPv6",
    ),
    "a network interface that cannot be": (
        {"vip:interface": "eth0/1"},
        "hakube:vip:interface: 'eth0/1' is wrong; expected a network interface, such as eth0",
    ),
    # apiservers
    "no apiservers": (
        {"apiserver:servers": []},
        "hakube:apiserver:servers: empty; expected a list of at least one apiserver (without it: "
        "one on every node)",
    ),
    "an apiserver on an unknown node": (
        {"apiserver:servers": [{"node": "node1"}, {"node": "node9"}]},
        "hakube:apiserver:servers:1:node: node9 is none of hakube:cluster:nodes (node1, node2, "
        "node3)",
    ),
    "an apiserver that is nowhere": (
        {"apiserver:servers": [{"port": 6443}]},
        "hakube:apiserver:servers:0: give a node of the cluster or an address",
    ),
    "two apiservers of one name": (
        {
            "apiserver:servers": [
                {"address": "192.0.2.21", "name": "api"},
                {"address": "192.0.2.22", "name": "api"},
            ]
        },
        "hakube:apiserver:servers: 2 servers have the name api; give each its own",
    ),
    "an apiserver listed twice": (
        {"apiserver:servers": [{"node": "node1"}, {"address": "192.0.2.11"}]},
        "hakube:apiserver:servers: 192.0.2.11 port 6443 is listed 2 times; list it once",
    ),
    "an apiserver behind the VIP": (
        {"apiserver:servers": [{"address": "192.0.2.100", "name": "api"}]},
        "hakube:apiserver:servers: api has the VIP 192.0.2.100 as its address; haproxy would ask "
        "itself, give the apiserver's own address",
    ),
    "port 0": (
        {"apiserver:port": 0},
        f"hakube:apiserver:port: 0 is wrong; {PORT}",
    ),
    "a port that is too large": (
        {"haproxy:secure_port": 70000},
        f"hakube:haproxy:secure_port: 70000 is wrong; {PORT}",
    ),
    "a port in quotes": (
        {"apiserver:port": "6443"},
        f"hakube:apiserver:port: '6443' is wrong; {PORT} (without quotes)",
    ),
    "a health listener at no address": (
        {"haproxy:health": {"address": "#"}},
        "hakube:haproxy:health:address: '#' is wrong; expected an IPv4 or IPv6 address, without a "
        "host name, port or prefix",
    ),
    "a backend of the name of ours": (
        {"haproxy:sections": {"listen kube-apiservers-secure": ["mode tcp"]}},
        "hakube:haproxy:sections: 'listen kube-apiservers-secure' has a name that is hakube's own; "
        "add lines to what hakube writes with frontend_options or backend_options, or give yours "
        "another name",
    ),
    "one path for two sockets": (
        {"haproxy:stats_socket": "/run/x", "haproxy:api_socket": "/run/x"},
        "hakube:haproxy:api_socket: /run/x is also the stats_socket; give each its own path",
    ),
    "a kernel setting in two spellings": (
        {"sysctl:values": {"net.ipv4.ip_forward": 1, "net/ipv4/ip_forward": 0}},
        "hakube:sysctl:values:net/ipv4/ip_forward: is the same key as net.ipv4.ip_forward; list it "
        "once",
    ),
    "the VIP's own kernel setting, switched off": (
        {"sysctl:values": {"net.ipv4.ip_nonlocal_bind": 0}},
        "hakube:sysctl:values:net.ipv4.ip_nonlocal_bind: haproxy needs 1 to bind to the VIP on "
        "every node; leave it out",
    ),
    "a section among the lines of ours": (
        {"haproxy:backend_options": ["retries 2", "  backend mine"]},
        "hakube:haproxy:backend_options: line 2: 'backend' opens a section; give it a key of its "
        "own",
    ),
    "a section in quotes among the lines of ours": (
        {"haproxy:frontend_options": ['"frontend" mine']},
        "hakube:haproxy:frontend_options: line 1: 'frontend' opens a section; give it a key of its "
        "own",
    ),
    "half a character for the kernel": (
        {"sysctl": {"values": {"kernel.hostname": "\ud800"}}},
        "hakube:sysctl:values:kernel.hostname: '\\ud800' is wrong; expected a number, or text of "
        "one line in quotes",
    ),
    "one port for two frontends": (
        {"haproxy": {"insecure": True, "insecure_port": 6443}},
        "hakube:haproxy:insecure_port: 6443 is also hakube:haproxy:secure_port; give each frontend "
        "its own",
    ),
    "plain http on a Kubernetes that has none": (
        {"haproxy:insecure": True, "kubernetes:version": "1.20"},
        "hakube:haproxy:insecure: Kubernetes 1.20 serves no plain http (since 1.20); leave "
        "insecure out, clients use the secure frontend with TLS",
    ),
    # fencing and quorum
    "nothing said of fencing": (
        {"fencing": ABSENT},
        "hakube:fencing: missing; declare fence devices, or write `fencing: none` to accept a "
        "cluster without fencing",
    ),
    "no fence devices": (
        {"fencing": {}},
        "hakube:fencing: empty; declare fence devices, or write `fencing: none` to accept a "
        "cluster without fencing",
    ),
    "fencing switched off with another word": (
        {"fencing": "disabled"},
        "hakube:fencing: 'disabled' is wrong; expected a mapping of fence devices, or the word "
        "none to run without fencing",
    ),
    "a fence device without an agent": (
        {"fencing": {"ipmi": {"options": {"ip": "192.0.2.21"}}}},
        "hakube:fencing:ipmi:agent: missing; expected a fence agent, such as fence_ipmilan",
    ),
    "a fence device's password that is a list": (
        {"fencing": {"ipmi": {"agent": "fence_ipmilan", "options": {"passwd": [FENCE_PASSWORD]}}}},
        "hakube:fencing:ipmi:options:passwd: the value (not shown) is wrong; expected text of one "
        "line, a number, or true or false",
    ),
    "two nodes without fencing": (
        {"cluster:nodes:node3": ABSENT},
        f"hakube:cluster:nodes: 2 nodes with neither fencing nor a quorum device: {SPLIT}",
    ),
    "a cluster without fencing that goes on without quorum": (
        {"properties": {"no-quorum-policy": "ignore"}},
        f"hakube:properties:no-quorum-policy: ignore without fencing: {SPLIT}",
    ),
    "fencing enabled without devices": (
        {"properties": {"stonith-enabled": True}},
        "hakube:properties:stonith-enabled: true without a fence device, so nothing would ever "
        f"start; {WATCHDOG}",
    ),
    "fencing enabled by its other name": (
        {"properties": {"fencing-enabled": True}},
        "hakube:properties:fencing-enabled: true without a fence device, so nothing would ever "
        f"start; {WATCHDOG}",
    ),
    "a watchdog that is switched off": (
        {"properties": {"stonith-enabled": True, "stonith-watchdog-timeout": "0s"}},
        "hakube:properties:stonith-enabled: true without a fence device, so nothing would ever "
        f"start; {WATCHDOG}",
    ),
    "two names of one property that disagree": (
        {"properties": {"stonith-enabled": False, "fencing-enabled": "yes"}},
        "hakube:properties:fencing-enabled: says another thing than stonith-enabled, of which it "
        "is a second name; leave one of them out",
    ),
    "a no-quorum-policy that pacemaker does not know": (
        {"properties": {"no-quorum-policy": "halt"}},
        f"hakube:properties:no-quorum-policy: 'halt' is wrong; expected {POLICIES}",
    ),
    "a no-quorum-policy that YAML made a bool of": (
        {"properties": {"no-quorum-policy": False}},
        f"hakube:properties:no-quorum-policy: false is wrong; expected {POLICIES} "
        "(YAML reads yes, no, on, off so; write words in quotes)",
    ),
    "a maintenance-mode that is no bool": (
        {"properties": {"maintenance-mode": "maybe"}},
        "hakube:properties:maintenance-mode: 'maybe' is wrong; expected true or false",
    ),
    "a symmetric-cluster that is a number": (
        {"properties": {"symmetric-cluster": 2}},
        "hakube:properties:symmetric-cluster: 2 is wrong; expected true or false",
    ),
    "a stonith-enabled that is neither true nor false": (
        {"properties": {"stonith-enabled": "maybe"}},
        "hakube:properties:stonith-enabled: 'maybe' is wrong; expected true or false",
    ),
    "a quorum device on a node": (
        {"cluster:quorum_device": {"host": "node1"}},
        "hakube:cluster:quorum_device:host: node1 is a node; the device needs its own machine",
    ),
}


@pytest.mark.parametrize(("changes", "line"), BAD.values(), ids=BAD.keys())
def test_a_bad_pillar_gives_one_line_that_says_where_what_and_what_to_do(changes, line):
    with pytest.raises(ConfigError) as caught:
        resolve(changed(changes), NODE1)
    assert caught.value.problems == (line,)


@pytest.mark.parametrize("data", [None, {}], ids=["None", "empty"])
def test_no_pillar_at_all_names_where_to_start(data):
    with pytest.raises(ConfigError) as caught:
        resolve(data, NODE1)
    assert caught.value.problems == (
        "hakube: this minion has no such pillar; give it one (pillar.example/minimal.sls is a "
        "start), then saltutil.refresh_pillar",
    )


@pytest.mark.parametrize(
    ("data", "found"), [([GOOD], "a list"), ("hakube", "text"), (5, "5"), (False, "False")]
)
def test_a_pillar_that_is_no_mapping_gives_one_line(data, found):
    with pytest.raises(ConfigError) as caught:
        resolve(data, NODE1)
    assert caught.value.problems == (
        f"hakube: {found} is wrong; expected a mapping with the keys {TOP}",
    )


def test_all_problems_are_told_at_once():
    bad = changed({"vip:address": 5, "cluster:nodes:node2": [], "fencing": "off"})
    with pytest.raises(ConfigError) as caught:
        resolve(bad, NODE1)
    assert [line.partition(": ")[0] for line in caught.value.problems] == [
        "hakube:cluster:nodes:node2",
        "hakube:vip:address",
        "hakube:fencing",
    ]


def test_two_nodes_are_fine_with_fence_devices_a_quorum_device_or_the_risk_accepted():
    two = {"cluster:nodes:node3": ABSENT}
    device = {"host": "witness", "address": "192.0.2.50"}
    assert resolve(changed(two, FENCED), NODE1)
    assert resolve(changed({**two, "cluster:quorum_device": device}), NODE1)
    assert resolve(changed({**two, "cluster:accept_split_brain": True}), NODE1)


def test_fence_devices_that_are_switched_off_do_not_count():
    idle = {"cluster:nodes:node3": ABSENT, "properties": {"stonith-enabled": "no"}}
    with pytest.raises(ConfigError, match="2 nodes with neither fencing nor a quorum device"):
        resolve(changed(idle, FENCED), NODE1)
