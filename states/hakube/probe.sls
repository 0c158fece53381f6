{#-
  hakube-probe, a small daemon that outlives Salt and Pacemaker: it looks at the components of
  Kubernetes on this node, the cluster, the VIP on the network, files, certificates and disks.
  Without the healing (`hakube:heal:mode: none`, the default) nobody reads that, and it goes.
-#}
{%- set config = {} if salt["hakube.problems"]() else salt["hakube.config"]() %}
{%- set heals = not config or config.heal.mode != "none" %}
---
include:
  - hakube.install
  {%- if not heals %}
  - hakube.resources
  {%- endif %}

{%- if heals %}

hakube-probe:
  hakube_probe.installed:
    - require:
        - sls: hakube.install
{%- else %}

hakube-probe-absent:
  hakube_probe.absent:
    - require:
        # Pacemaker does not call its alert agent any more when that goes.
        - sls: hakube.resources
{%- endif %}
