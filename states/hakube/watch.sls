{#-
  hakube-watch, a small daemon that goes on without Salt: it looks at haproxy and the VIP on this
  node, and steers the VIP by that. `hakube:reflex` turns its parts off, `hakube:watch:enabled:
  false` takes it away.
-#}
{%- set config = {} if salt["hakube.problems"]() else salt["hakube.config"]() %}
{%- set steers = not config or (config.watch.enabled and config.reflex.steer) %}
---
include:
  - hakube.haproxy
  {%- if not steers %}
  - hakube.resources
  {%- endif %}

{%- if config and not config.watch.enabled %}

hakube-watch-absent:
  hakube_watch.absent:
    - require:
        # The rules in the cluster that look at what it says go before it.
        - sls: hakube.resources
{%- else %}

hakube-watch:
  hakube_watch.installed:
    - require:
        # It looks where haproxy's sockets are.
        - sls: hakube.haproxy
        {%- if not steers %}
        # The rules in the cluster that look at its attribute go before it takes that away.
        - sls: hakube.resources
        {%- endif %}
{%- endif %}
