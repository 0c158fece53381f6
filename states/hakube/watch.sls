{#-
  hakube-watch, a small daemon that goes on without Salt: it closes what haproxy leaves open on a
  dead server. `hakube:watch:enabled: false` takes it away.
-#}
{%- set config = {} if salt["hakube.problems"]() else salt["hakube.config"]() %}
---
include:
  - hakube.haproxy

{%- if config and not config.watch.enabled %}

hakube-watch-absent:
  hakube_watch.absent: []
{%- else %}

hakube-watch:
  hakube_watch.installed:
    - require:
        # It looks where haproxy's sockets are.
        - sls: hakube.haproxy
{%- endif %}
