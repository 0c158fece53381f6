{#-
  haproxy, Pacemaker, Corosync and pcs, with the fence agents if the pillar declares fence
  devices. On the RHEL family they come from the High Availability channel, which is enabled for
  this installation only. The pillar's `hakube:install` says otherwise: other packages, another
  repository, or nothing (`manage: false`). Nothing is installed either where a folder stands
  for the machine (minion configuration `hakube: {root: DIR}`).

  Afterwards no unit that Pacemaker manages is enabled, or runs before there is a cluster.
-#}
{%- set config = {} if salt["hakube.problems"]() else salt["hakube.config"]() %}
{%- set installing = config and config.live and config.platform.manage %}
---
include:
  - hakube.preflight

{%- if installing %}

hakube-install-packages:
  pkg.installed:
    - pkgs: {{ config.platform.packages | json }}
    {%- if config.platform.repository %}
    - enablerepo: {{ config.platform.repository | json }}
    {%- endif %}
    - require:
        - hakube: hakube-preflight
{%- endif %}

hakube-install-units:
  hakube_pcs.units_handed_over:
    - require:
        - hakube: hakube-preflight
        {%- if installing %}
        - pkg: hakube-install-packages
        {%- endif %}
