{#-
  The node's voice: the beacon `hakube` tells the master when something of this node is not well,
  and the minion's schedule does what the node may do while the master is away. It goes live without
  a restart of the minion. `hakube:heal:mode: off` takes it away.
-#}
{%- set heal = (pillar.get("hakube") or {}).get("heal") or {} %}
---
{%- if not salt["hakube.problems"]() and heal.get("mode", "off") in ("off", false) %}

hakube-beacon-absent:
  hakube_beacon.absent: []
{%- else %}

hakube-beacon:
  hakube_beacon.present: []
{%- endif %}
