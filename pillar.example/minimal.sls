# The smallest pillar: three machines, their floating address (VIP), a word on fencing.
# Everything else has a default; full.sls shows every key. To use it, copy it into your pillar and
# assign it to the three minions; `salt '*' hakube.config` shows what it means.
hakube:
  cluster:
    # The minions' ids or host names, each with the machine's address.
    nodes:
      node1: 192.0.2.11
      node2: 192.0.2.12
      node3: 192.0.2.13
    # Will be the password of the system user hacluster. Better encrypted (gpg) or from an sdb.
    password: "change-me"
  vip:
    # A free address on the machines' own network.
    address: 192.0.2.100
  # A cluster without fencing works, with a warning. For production declare fence devices.
  fencing: none
