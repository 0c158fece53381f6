"""The pillar of three nodes without fencing, of which a functional test is the first one."""

SMALLEST = {
    "hakube": {
        "cluster": {
            "nodes": {"node1": "192.0.2.11", "node2": "192.0.2.12", "node3": "192.0.2.13"},
            "password": "not a secret in here",
        },
        "vip": {"address": "192.0.2.100", "prefix": 24},
        "fencing": "none",
    }
}
