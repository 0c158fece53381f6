{#-
  hakube-guard, a small daemon that outlives Salt and Pacemaker: it gives the VIP's address up where
  the cluster stack died or quorum is lost, and announces it where it came. `hakube:reflex` turns
  these off (`guard`, `announce`); without both the daemon goes.
-#}
{%- set config = {} if salt["hakube.problems"]() else salt["hakube.config"]() %}
---
include:
  - hakube.install

{%- if config and not (config.reflex.guard or config.reflex.announce) %}

hakube-guard-absent:
  hakube_guard.absent:
    - require:
        - sls: hakube.install
{%- else %}

hakube-guard:
  hakube_guard.installed:
    - require:
        - sls: hakube.install
{%- endif %}
