{#-
  The node's voice: the beacon `hakube` tells the master when something of this node is not well,
  and the minion's schedule does what the node may do while the master is away. It goes live without
  a restart of the minion. `hakube:heal:mode: none` takes it away.
-#}
{%- set config = {} if salt["hakube.problems"]() else salt["hakube.config"]() %}
---
include:
  - hakube.probe

{%- if config and config.heal.mode == "none" %}

hakube-beacon-absent:
  hakube_beacon.absent: []
{%- else %}

hakube-beacon:
  hakube_beacon.present:
    - require:
        # It reads what the daemons write.
        - sls: hakube.probe
{%- endif %}
