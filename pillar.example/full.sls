# Every key that hakube knows, with a comment. Where no other word is said, the value is the
# default, so a line can be left out. A key that is not listed here is an error.
hakube:
  cluster:
    # Required. The machines, first the one that sets the cluster up. A name is the minion's id
    # or its host name, and will be the node's name in the cluster. Either an address ...
    nodes:
      node1:
        # ... or a mapping: one address for each corosync link (1 to 8; the first is also the one
        # for pcs and for the apiserver), the same number on every node.
        addresses:
          - 192.0.2.11
          - 198.51.100.11
        # The Salt minion that this node is, where its id is another than the name.
        # Default: the minion of the node's name.
        minion: node1
      node2:
        addresses: [192.0.2.12, 198.51.100.12]
      node3:
        addresses: [192.0.2.13, 198.51.100.13]
      node4:
        addresses: [192.0.2.14, 198.51.100.14]
    # Required. Will be the password of the system user hacluster on every machine.
    password: "change-me"
    name: hakube
    # Seconds: how long to wait for the pcsd of all nodes, before anything is touched.
    peers_timeout: 30
    # Seconds: how long to wait for each step of the cluster's formation.
    start_timeout: 180
    # Seconds: how long to wait until the cluster is at rest after a change.
    settle_timeout: 300
    # Corosync's own timing in milliseconds, over that of the profile (timing, below).
    totem:
      # So long without the token, and a node is suspected ...
      token: 3000
      # ... and so much more for each node above two.
      token_coefficient: 0
      # So long they may then take to agree. At least, and by default, 1.2 times the token.
      consensus: 3600
    # Run although both halves of a split network may hold the VIP at once: two nodes with neither
    # fencing nor a quorum device, or no-quorum-policy other than stop without fencing.
    accept_split_brain: false
    # A voice on another machine (package corosync-qnetd there), for an even number of nodes.
    # Default: none.
    quorum_device:
      host: witness.example.com
      # Default: what the name resolves to.
      address: 192.0.2.50
      # ffsplit: one half of an even split goes on. lms: a last single node may go on.
      algorithm: ffsplit

  vip:
    # Required. A free, routable address on the nodes' own subnet, IPv4 or IPv6.
    address: 192.0.2.100
    # Prefix length on the network interface. Default: that of the subnet.
    prefix: 24
    # Default: the interface of the subnet.
    interface: eth0

  # A profile: safe (slow to believe that something is dead) or fast (sometimes believes it of what
  # is only slow). It decides the defaults of cluster:totem, and of haproxy:inter, fastinter, fall,
  # timeouts:connect and timeouts:check; those written here are the ones of safe.
  timing: safe

  # Required: a mapping of fence devices, or the word none.
  fencing:
    fence-node1:
      agent: fence_ipmilan
      # What the agent takes (`pcs stonith describe fence_ipmilan`). Values whose name says that
      # they are secret (passwd, ...) are never shown.
      options:
        ip: 192.0.2.21
        username: fence
        passwd: "change-me"
        lanplus: true
        pcmk_host_list: node1
      # Default: a monitor every 60 s.
      operations:
        monitor:
          interval: 60s
      # Meta attributes. Default: none.
      meta:
        priority: 10
    fence-node2:
      agent: fence_ipmilan
      options: {ip: 192.0.2.22, username: fence, passwd: "change-me", pcmk_host_list: node2}
    fence-node3:
      agent: fence_ipmilan
      options: {ip: 192.0.2.23, username: fence, passwd: "change-me", pcmk_host_list: node3}
    fence-node4:
      agent: fence_ipmilan
      options: {ip: 192.0.2.24, username: fence, passwd: "change-me", pcmk_host_list: node4}

  apiserver:
    # Where the apiservers listen. On a machine that also has haproxy an apiserver must listen on
    # the machine's own address only (--bind-address), else it takes the VIP's port away.
    port: 6443
    # Plain http; counts only with haproxy:insecure.
    insecure_port: 8080
    # Default: one apiserver on every node, at its first address.
    servers:
      - node: node1
      - node: node2
        # haproxy's name of the server. Default: the node's name, else apiserver1, ...
        name: second
        # Default: those above.
        port: 6444
        insecure_port: 8081
        # Further words of haproxy's line of the server.
        options: weight 50
      # An apiserver on a machine that is no node of the cluster.
      - name: outside
        address: 192.0.2.31

  haproxy:
    config: /etc/haproxy/haproxy.cfg
    # The systemd unit.
    unit: haproxy
    # Where clients reach the API on the VIP.
    secure_port: 6443
    # Also offer plain http. Kubernetes 1.20 and later cannot.
    insecure: false
    insecure_port: 8080
    # The document's sections as they stand: a bare check, and the file's own timeouts.
    plain: false
    # roundrobin, static-rr, leastconn, first, source or random.
    balance: roundrobin
    # https: ask check_path over TLS. tcp: be content with a connection.
    check: https
    check_path: /readyz
    # required: the apiserver's certificate must be of ca_file. none: any certificate will do.
    verify: required
    ca_file: /etc/kubernetes/pki/ca.crt
    # How often a server is checked; at 1s a busy apiserver is cut off in its TLS handshake.
    inter: 1200ms
    # How often while it comes or goes.
    fastinter: 200ms
    # So many failed checks and it is down, so many good ones and it is up.
    fall: 2
    rise: 2
    # drain: an apiserver that answers "not ready" gets no new connections and keeps those it has.
    # down: it is taken for dead.
    unready: drain
    # With no server up: ask any of them, unchecked.
    fallback: true
    # shutdown-sessions: connections to a server that goes down are closed. none: they stay.
    on_marked_down: shutdown-sessions
    # How often a connection is tried, on another server each time.
    retries: 3
    tcp_keepalive: true
    timeouts:
      connect: 1200ms
      # A watch may be silent for long.
      client: 1h
      server: 1h
      check: 3s
    # On this machine alone: GET /livez (haproxy works), /readyz (and an apiserver is up).
    health:
      enabled: true
      address: 127.0.0.1
      port: 6440
    # Whoever asks or tells the running haproxy. none: only the sockets that the file has.
    stats_socket: /run/haproxy-hakube.sock
    # The API's frontend for root on this machine, with or without the VIP. none: without it.
    api_socket: /run/haproxy-hakube-api.sock
    # An old worker ends with its last connection, or after so many reloads.
    max_reloads: 1000
    # Anything else that haproxy knows: further lines of our frontends and backends, further words
    # of all their servers, and sections of your own.
    frontend_options:
      - maxconn 2000
    backend_options:
      - fullconn 2000
    server_options: maxconn 1000
    sections:
      listen registry:
        - mode tcp
        - bind 192.0.2.100:5000
        - server one 192.0.2.31:5000 check

  kubernetes:
    # In quotes. Decides which flags the programs still know. Default: that of the installed
    # programs; without these the files are written as the document has them.
    version: "1.32"
    # contrib, fedora or arch: where the files are and how their variables are named. Default:
    # what the machine looks like, else contrib.
    layout: contrib
    # The files and variables that point the components at the VIP.
    config_file: /etc/kubernetes/config
    config_variable: KUBE_MASTER
    kubelet_file: /etc/kubernetes/kubelet
    kubelet_variable: KUBELET_API_SERVER
    # kubeconfig files that point at the VIP; they have to be there. Default: those that are there.
    kubeconfigs:
      - /etc/kubernetes/kubelet.kubeconfig
      - /etc/kubernetes/scheduler.kubeconfig
    # Their CA. Default: it stays as it is.
    certificate_authority: /etc/kubernetes/pki/ca.crt
    # Also remove the flags that the version refuses. false: they are warned of.
    remove_obsolete: false
    # Restart what reads a changed file: through systemd, or through Pacemaker what it manages.
    restart: true

  # The daemon that closes what haproxy leaves open on a dead server.
  watch:
    enabled: true
    # From one look to the next.
    interval: 250ms

  # What heals within a second or two, without Salt. Each part can be turned off; steer, hand_over
  # and repair are the daemon's above.
  reflex:
    # systemd restarts a haproxy, Corosync or Pacemaker that crashed.
    restart: true
    # The VIP follows the health of the local haproxy ...
    steer: true
    # ... also whether that one has a server up.
    servers: true
    # Pacemaker is told at once when the VIP's address is gone.
    hand_over: true
    # When haproxy's file is good again, its failures are cleaned up.
    repair: true
    # A node whose cluster stack died, or that lost quorum, gives up the VIP's address.
    guard: true
    # The holder announces the address after a move or a heal.
    announce: true
    # Pacemaker plans a moment after the last of several news, not at the first; true with fast.
    gather: false

  # What heals with the master's help: docs/healing.md.
  heal:
    # none: nothing is watched. observe: all is watched and told, nothing is done. act: what is
    # broken is repaired. (Here as an example; the default is none.)
    mode: observe
    # So many looks in a row make a component down, or up again.
    fall: 2
    rise: 2
    # Seconds: a node tells how it is at least so often; after three times that it is silent.
    reassert: 45
    # Seconds after the beginning of an incident in which only files are mended, and only an
    # apiserver, scheduler or controller-manager that hangs is killed: what systemd, Pacemaker and
    # hakube-watch mend by themselves takes 1 to 3.
    settle: 4
    # Seconds in which an action may still come to something.
    patience: 20
    # Seconds without any action after most nodes went bad at once.
    storm: 120
    budget:
      # Actions for one component of one node within the window, in seconds ...
      each: 3
      window: 900
      # ... and in the whole cluster within an hour.
      cluster: 6
      # Seconds until the next try, doubled each time, at most the longest.
      backoff: 15
      longest: 600
      # So many actions in a row that mended nothing: it is only told from then on.
      breaker: 2
    # What a node may do by itself while its master is away (rungs files, hand).
    alone:
      enabled: true
      # Seconds without the master.
      after: 120
      # Actions, and seconds until there is one more.
      tokens: 3
      every: 900
    # A component's ladder where it is to be another than the default.
    rungs:
      haproxy: [probe, files, kill, hand, move]
    # Where what happens is told. Default: nowhere but in the ledger.
    webhook: https://alerts.example.com/hakube
    returner: local_cache

  sysctl:
    # Where ip_nonlocal_bind is set.
    file: /etc/sysctl.d/haproxy.conf
    # Further kernel settings in the same file.
    values:
      net.ipv4.ip_local_port_range: "1024 65000"

  # What Pacemaker runs. Each has a name, operations and meta attributes.
  resources:
    vip:
      name: VIP-apiserver
      # Each operation over its default: monitor every 10s with timeout 20s, start and stop 20s.
      operations:
        monitor:
          interval: 10s
          timeout: 20s
          # What to do when it fails: ignore, block, stop, restart, demote, standby,
          # fence, restart-container. Default: pacemaker's (restart; for stop fence, or block).
          on-fail: restart
          # Only in this role. Default: any.
          role: Started
          # Wait before the first one. Default: 0.
          start-delay: 0
          # Default: true.
          enabled: true
          # Keep a record that it has begun. Default: pacemaker's.
          record-pending: true
      # Each over its default; one that is empty (null) takes the default away. These are the
      # defaults: failures are forgotten after a minute; three of them in that time, and it is tried
      # elsewhere; together with reflex:steer the stickiness makes it leave a red node and no other.
      meta:
        failure-timeout: 60s
        migration-threshold: 3
        resource-stickiness: 500
    haproxy:
      name: haproxy
      # Default: monitor every 5s; timeouts 100s.
      operations: {}
      # Over the default: failure-timeout 20s, migration-threshold 5.
      meta: {}
      # Meta attributes of the clone, over its default: interleave true.
      clone_meta: {}
    apiserver:
      name: apiserver
      # The systemd unit.
      unit: kube-apiserver
      # The group that is cloned.
      group: apiserver-group
      # Default: monitor every 3s; timeouts 100s.
      operations: {}
      # Over the default: failure-timeout 60s, migration-threshold 5.
      meta: {}
      group_meta: {}
      clone_meta: {}
    scheduler:
      name: scheduler
      unit: kube-scheduler
      # Default: monitor every 60s; timeouts 100s.
      operations: {}
      # Over the default: failure-timeout 60s.
      meta: {}
    controller:
      name: controller
      unit: kube-controller-manager
      # Default: monitor every 60s; timeouts 100s.
      operations: {}
      # Over the default: failure-timeout 60s.
      meta: {}
    # The group of scheduler and controller-manager, which run together, on one node.
    controller_group: controller-scheduler
    # Over the default: resource-stickiness 1; they stay when the VIP comes to their node.
    controller_group_meta: {}
    # VIP before haproxy, haproxy before apiserver.
    orders:
      # Optional: only where both start anyway. Mandatory, Serialize: as pacemaker has them.
      kind: Optional
      # Whether they stop in the reverse order.
      symmetrical: false

  # Cluster properties of Pacemaker. Default: stonith-enabled, true where there are fence devices.
  properties:
    stonith-enabled: true
    no-quorum-policy: stop

  # Other objects of the cluster: resources, constraints, fencing levels, alerts and so on. Every
  # kind and every key is in objects.sls, and in docs/objects.md. Default: none.
  objects:
    primitives:
      mail-on-move:
        agent: ocf:heartbeat:MailTo
        options: {email: ops@example.com}
    colocations:
      mail-with-vip:
        resource: mail-on-move
        with_resource: VIP-apiserver
        options: {score: INFINITY}
  # Names, by kind, of what is not to be there: stopped, then removed. Default: none.
  absent:
    orders: [order-by-hand]
  # Kinds of which all that the pillar does not declare is removed. Default: none.
  purge: []
  # A plan that disturbs more than this is refused.
  safety:
    # So many instances of the apiserver stay untouched. 0: no limit.
    min_apiservers: 1
    # At most so many instances of resources stop, restart or move. Default: no limit.
    max_disruption: 10
    # No limits. Better given for one run: allow_disruption=True.
    allow_disruption: false

  install:
    # Whether to install packages at all.
    manage: true
    # All packages, in place of those of the operating system. Default: by operating system,
    # fencing and quorum device.
    packages: [haproxy, pacemaker, corosync, pcs, resource-agents, fence-agents-all]
    # The yum/dnf repository to install from: the High Availability channel. Default: by
    # operating system. In a public cloud it often has another id. none: enable none.
    repository: highavailability

  preflight:
    # Traps that nobody is to be told of, by their codes (docs/preflight.md).
    ignore: [clock-unsynchronised]
