{#-
  Takes back what hakube wrote on this machine: its variables in the kubernetes environment
  files, its daemons hakube-watch, hakube-guard and hakube-probe, its
  beacon, its drop-ins for systemd's units, its sections
  in haproxy.cfg, its kernel setting. Foreign lines of these files stay. It needs the pillar with
  which hakube was applied.

    salt '*' state.apply hakube.clean

  What it does not undo:
  - The cluster and the objects in it, but for the two rules by which hakube-watch steers the VIP:
    they go before it. (In a cluster that is stopped they stay, and favour no node: without
    hakube-watch all count the same.) While the objects are there, Pacemaker goes on to run haproxy
    and the VIP; stop it first, on one node: `pcs cluster stop --all`, and, to be rid of the cluster
    for good, on each node: `pcs cluster destroy`.
  - Packages, the password of the user hacluster, and which units are enabled.
  - Values that environment files had before hakube changed them. (Kernel settings, kubeconfig
    files and a section of haproxy.cfg that hakube put its own in place of get back what was there.)
-#}
{%- set config = {} if salt["hakube.problems"]() else salt["hakube.config"]() %}
---
include:
  - hakube.pillar

{%- if config %}
{%- set kubernetes = config.kubernetes %}
{%- set family = "ipv6" if ":" in config.vip.address else "ipv4" %}

{#- Clients first: nothing points at the VIP any more when haproxy stops to serve it. #}

hakube-kubeconfig-restored:
  hakube_kubeconfig.restored:
    - require:
        - hakube: hakube-pillar
{%- if kubernetes.config_file %}

hakube-kubeenv-config-absent:
  hakube_kubeenv.managed:
    - name: {{ kubernetes.config_file | json }}
    - flags: {{ {kubernetes.config_variable: {"master": None}} | json }}
    - require:
        - hakube: hakube-pillar
{%- endif %}

hakube-kubeenv-kubelet-absent:
  hakube_kubeenv.managed:
    - name: {{ kubernetes.kubelet_file | json }}
    - flags: {{ {kubernetes.kubelet_variable: {"api_servers": None}} | json }}
    - require:
        - hakube: hakube-pillar

{#- Rules that look at what nobody says any more would be the last word on where the VIP is. #}
{%- set rules = "location-" ~ config.resources.vip.name ~ "-haproxy-" %}

hakube-steering-absent:
  hakube_pcs.managed:
    - absent: {{ {"locations": [rules ~ "green", rules ~ "unknown"], "alerts": ["hakube-alert"]} | json }}
    - require:
        - hakube: hakube-pillar

hakube-watch-absent:
  hakube_watch.absent:
    - require:
        - hakube_pcs: hakube-steering-absent

hakube-guard-absent:
  hakube_guard.absent:
    - require:
        - hakube: hakube-pillar

hakube-beacon-absent:
  hakube_beacon.absent:
    - require:
        - hakube: hakube-pillar

hakube-probe-absent:
  hakube_probe.absent:
    - require:
        - hakube_beacon: hakube-beacon-absent
        - hakube_pcs: hakube-steering-absent

hakube-restart-absent:
  hakube_restart.absent:
    - require:
        - hakube_watch: hakube-watch-absent
        - hakube_guard: hakube-guard-absent

hakube-haproxy-absent:
  hakube_haproxy.config_absent:
    - require:
        - hakube_kubeconfig: hakube-kubeconfig-restored
        {%- if kubernetes.config_file %}
        - hakube_kubeenv: hakube-kubeenv-config-absent
        {%- endif %}
        - hakube_kubeenv: hakube-kubeenv-kubelet-absent

hakube-sysctl-absent:
  hakube_sysctl.absent:
    - name: net.{{ family }}.ip_nonlocal_bind
    - file: {{ config.sysctl.file | json }}
    - require:
        - hakube_haproxy: hakube-haproxy-absent
{%- for key in config.sysctl["values"] %}

hakube-sysctl-absent-{{ loop.index }}:
  hakube_sysctl.absent:
    - name: {{ key | json }}
    - file: {{ config.sysctl.file | json }}
    - require:
        - hakube_haproxy: hakube-haproxy-absent
{%- endfor %}
{%- endif %}
