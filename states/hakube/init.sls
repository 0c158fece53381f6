{#-
  A highly available Kubernetes API: packages, haproxy, the kernel setting that a floating
  address needs, two small daemons that heal without Salt, the kubernetes environment files, the
  cluster and what runs in it.

    salt '*' state.apply hakube test=True
    salt '*' state.apply hakube

  Apply to all nodes at the same time: the cluster is formed by all of them together. What is to
  be built stands in the pillar `hakube`; pillar.example/ has a minimal one and one with every
  key. A wrong pillar is told by the state in hakube.pillar, and nothing else runs.
-#}
---
include:
  - hakube.pillar
{%- if not salt["hakube.problems"]() %}
  - hakube.preflight
  - hakube.install
  - hakube.restart
  - hakube.sysctl
  - hakube.haproxy
  - hakube.watch
  - hakube.guard
  - hakube.kubeenv
  - hakube.probe
  - hakube.beacon
  - hakube.cluster
  - hakube.resources
{%- endif %}
