# A pillar that declares objects of a cluster and nothing else: it has neither cluster nor vip, so
# hakube forms no cluster and touches neither haproxy nor files. Every kind of object and every key
# is in it. It is for a cluster whose nodes are node1, node2 and node3; apply it with
# `salt node1 hakube_pcs.apply`, look first with `salt node1 hakube_pcs.plan`.
# docs/objects.md says what each key means. The same keys stand beside those of full.sls. Rules without
# a score, and names of ACL users, need a CIB of schema 3.9 or later (Pacemaker 2.1.5).
hakube:
  objects:
    # -- what holds for all --------------------------------------------------------------------

    # Cluster properties, each an object of its own: those that are not named here stay.
    properties:
      stonith-enabled: true
      no-quorum-policy: stop
      placement-strategy: balanced
      enable-acl: true
    # Properties by a rule; the name is the id of their set in the CIB.
    ruled_properties:
      yearly-inspection:
        rule:
          date: {operation: in_range, start: "2030-01-06 02:00:00Z"}
          duration: {hours: 4}
        values: {maintenance-mode: true}
        # Of several sets that hold, the highest score wins.
        score: 10

    # Meta attributes of all resources that do not say otherwise.
    resource_defaults:
      resource-stickiness: 100
      migration-threshold: 3
      failure-timeout: 10min
    ruled_resource_defaults:
      stay-in-office-hours:
        rule:
          all:
            - date: {operation: date_spec}
              date_spec: {weekdays: 1-5, hours: 8-17}
            - resource: {class: ocf, provider: heartbeat, type: pgsqlms}
        values: {resource-stickiness: INFINITY}
        score: 10

    # Attributes of all operations that do not say otherwise.
    operation_defaults:
      timeout: 60s
      record-pending: true
    ruled_operation_defaults:
      patient-stops:
        rule:
          operation: {name: stop}
        values: {timeout: 3min}
        score: 10

    # Attributes of nodes, to be used in rules, and what they have to offer. Others stay.
    nodes:
      node1:
        attributes: {site: north, disk: 1000}
        utilization: {cpu: 8, memory: 16384}
      node2:
        attributes: {site: north, disk: 500}
        utilization: {cpu: 8, memory: 16384}
      node3:
        attributes: {site: south, disk: 0}
        utilization: {cpu: 4, memory: 8192}

    # -- resources -----------------------------------------------------------------------------

    # What several primitives have in common.
    templates:
      web-server:
        agent: ocf:heartbeat:nginx
        options: {configfile: /etc/nginx/nginx.conf}
        meta: {migration-threshold: 5}
        # The short form: a mapping of each operation's name to its attributes.
        operations:
          monitor: {interval: 20s, timeout: 30s}
          start: {timeout: 40s}
        utilization: {cpu: 1}
        description: The web server as all use it

    primitives:
      # A database on two nodes, one of them promoted (see clones).
      db:
        agent: ocf:heartbeat:pgsqlms
        options:
          bindir: /usr/lib/postgresql/15/bin
          pgdata: /var/lib/postgresql/15/main
        meta: {priority: 100}
        # The long form: a list. Several operations may have one name, of other roles.
        operations:
          - {name: start, attributes: {timeout: 60s}}
          - {name: stop, attributes: {timeout: 60s}}
          - {name: promote, attributes: {timeout: 30s}}
          - name: monitor
            attributes: {interval: 15s, timeout: 10s, role: Promoted, on-fail: demote}
          - name: monitor
            attributes: {interval: 16s, timeout: 10s, role: Unpromoted}
            # Options and meta attributes of this one operation.
            options: {OCF_CHECK_LEVEL: 10}
            meta: {failure-timeout: 1h}
        utilization: {cpu: 2, memory: 4096}
        description: The database
      db-ip:
        agent: ocf:heartbeat:IPaddr2
        # Sets of options: what holds always, and what holds by a rule.
        options:
          - values: {ip: 192.0.2.110, cidr_netmask: 24, nic: eth0}
          - rule:
              expression: {attribute: "#uname", operation: eq, value: node3}
            values: {nic: eth1}
            score: 10
        operations:
          monitor: {interval: 10s}
      # An agent, or a template that has one.
      web:
        template: web-server
      web-ip:
        agent: ocf:heartbeat:IPaddr2
        options: {ip: 192.0.2.111, cidr_netmask: 24}
        operations:
          monitor: {interval: 10s}
      proxy:
        agent: ocf:heartbeat:nginx
        operations:
          monitor: {interval: 20s}
      backup:
        agent: systemd:backup.timer
      report:
        agent: systemd:report.timer
      # Fence devices.
      fence-node1-ipmi:
        agent: stonith:fence_ipmilan
        options: {ip: 192.0.2.21, username: fence, password: "change-me", pcmk_host_list: node1}
        operations:
          monitor: {interval: 60s}
      fence-node2-ipmi:
        agent: stonith:fence_ipmilan
        options: {ip: 192.0.2.22, username: fence, password: "change-me", pcmk_host_list: node2}
        operations:
          monitor: {interval: 60s}
      fence-node3-ipmi:
        agent: stonith:fence_ipmilan
        options: {ip: 192.0.2.23, username: fence, password: "change-me", pcmk_host_list: node3}
        operations:
          monitor: {interval: 60s}
      fence-pdu:
        agent: stonith:fence_apc_snmp
        options:
          ip: 192.0.2.31
          community: "change-me"
          pcmk_host_map: "node1:1;node2:2;node3:3"
        operations:
          monitor: {interval: 60s}

    # In this order, on one node.
    groups:
      web-frontend:
        members: [web-ip, web]
        meta: {priority: 10}
        # Options that all members get.
        options: {trace_dir: /var/log/agents}
        description: What customers see

    # On many nodes; promotable is a meta attribute.
    clones:
      db-clone:
        member: db
        meta: {promotable: true, promoted-max: 1, clone-max: 2, notify: true, interleave: true}
        options: {trace_dir: /var/log/agents}
        description: The database and its replica

    # Containers, each with an instance of the member in it.
    bundles:
      proxy-bundle:
        # podman (the default) or docker.
        container: podman
        options:
          image: localhost/proxy:1
          replicas: 2
          options: --log-driver=journald
        network:
          ip-range-start: 192.0.2.120
          host-interface: eth0
          host-netmask: 24
        ports:
          - {port: 8080}
          - {port: 443, internal-port: 8443}
        storage:
          - {source-dir: /srv/proxy, target-dir: /etc/nginx, options: ro}
        member: proxy
        meta: {priority: 5}
        # Options of the member.
        attributes: {configfile: /etc/nginx/nginx.conf}
        description: Proxies for the neighbours

    # -- constraints ---------------------------------------------------------------------------

    # One after the other.
    orders:
      db-then-ip:
        first: db-clone
        then: db-ip
        options: {first-action: promote, then-action: start, symmetrical: false}
      db-ip-then-all:
        sets:
          - members: [db-ip]
          - members: [web-frontend, proxy-bundle]
            # These two in any order.
            options: {sequential: false}
        options: {kind: Optional}

    # In one place.
    colocations:
      ip-with-db:
        resource: db-ip
        with_resource: db-clone
        options: {score: INFINITY, with-rsc-role: Promoted}
      timers-with-db:
        sets:
          - members: [backup, report]
            options: {sequential: false}
          - members: [db-clone]
            options: {role: Unpromoted}
        options: {score: 500}

    # Here or not here. A resource, a pattern of names or sets; a node, or rules.
    locations:
      web-likes-node2:
        resource: web-frontend
        node: node2
        options: {score: 50}
      db-in-the-north:
        resource: db-clone
        rules:
          - role: Promoted
            score: -INFINITY
            any:
              - expression: {attribute: site, operation: not_defined}
              - all:
                  - expression: {attribute: site, operation: ne, value: north}
                  - date: {operation: gt, start: "2030-01-01"}
        options: {resource-discovery: always}
      timers-by-disk:
        sets:
          - members: [backup, report]
        rules:
          # As much as the node's attribute says.
          - score_attribute: disk
            expression: {attribute: disk, operation: gt, value: 0, type: number}
      no-device-on-node3:
        pattern: "^fence-.*"
        node: node3
        options: {score: -100}

    # Only where the site has the ticket (booth).
    tickets:
      report-in-the-active-site:
        ticket: active-site
        resource: report
        options: {loss-policy: stop}
      backup-in-the-active-site:
        ticket: active-site
        sets:
          - members: [backup]

    # -- fencing, tags, permissions, alerts ----------------------------------------------------

    # The lowest index is tried first; all devices of a level must succeed.
    fencing_levels:
      node1-first:
        index: 1
        target: node1
        devices: [fence-node1-ipmi]
      node2-first:
        index: 1
        target: node2
        devices: [fence-node2-ipmi]
      node3-first:
        index: 1
        target: node3
        devices: [fence-node3-ipmi]
      # For all nodes that have such a name,
      any-second:
        index: 2
        target_pattern: "node[0-9]+"
        devices: [fence-pdu]
      # or such an attribute.
      south-third:
        index: 3
        target_attribute: site
        target_value: south
        devices: [fence-node3-ipmi, fence-pdu]

    # One name for several things.
    tags:
      database:
        members: [db-clone, db-ip]

    # Users of the system that are no administrators of the cluster (in the group haclient).
    acl_roles:
      watcher:
        permissions:
          - {kind: read, xpath: /cib}
        description: Sees all
      database-keeper:
        permissions:
          - {kind: write, reference: db-clone}
          - {kind: deny, object-type: nvpair, attribute: password}
    acl_users:
      alice:
        roles: [watcher, database-keeper]
        # The user's name, where it is another than the key; groups have the same. Pacemaker 2.1.
        name: alice@example.com
    acl_groups:
      operators:
        roles: [watcher]
        name: domain operators

    # Programs that are told what happens.
    alerts:
      to-syslog:
        path: /usr/share/pacemaker/alerts/alert_file.sh.sample
        options: {tstamp_format: "%H:%M:%S"}
        meta: {timeout: 15s}
        # Of what: attributes, fencing, nodes, resources. Without it: all but attributes.
        select: [attributes, fencing, nodes]
        # Of which node attributes.
        attributes: [site]
        recipients:
          logfile:
            value: /var/log/pacemaker-alerts.log
            options: {debug_exec_order: false}
            meta: {timestamp-format: "%H:%M:%S"}
            description: Read by the night shift
        description: What happens, in a file

  # -- what is not to be there -----------------------------------------------------------------

  # Names by kind. A resource is stopped before it is removed.
  absent:
    primitives: [old-db-ip]
    orders: [old-order]
    # Of a node: names of its attributes and utilization.
    nodes:
      node1: [old-attribute]
  # Of these kinds, all that is not declared above is removed as well.
  purge: [tags, alerts]

  # -- how much may be disturbed -----------------------------------------------------------------

  # A plan that would stop, restart or move more instances of resources than this is refused.
  # Default: no limit.
  safety:
    max_disruption: 5
