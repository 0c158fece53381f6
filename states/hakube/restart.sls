{#-
  systemd itself restarts a haproxy, corosync or pacemaker that crashed, at once. Nothing is
  restarted for that. `hakube:reflex:restart: false` takes it away.
-#}
{%- set config = {} if salt["hakube.problems"]() else salt["hakube.config"]() %}
---
include:
  - hakube.install

{%- if config and not config.reflex.restart %}

hakube-restart-absent:
  hakube_restart.absent:
    - require:
        - sls: hakube.install
{%- else %}

hakube-restart:
  hakube_restart.managed:
    - require:
        - sls: hakube.install
{%- endif %}
