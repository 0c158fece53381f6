{#-
  What Pacemaker runs: the VIP, haproxy, apiserver, scheduler, controller-manager, their groups,
  clones and constraints, the fence devices and cluster properties. Planned as a whole and pushed
  at once, by whichever node comes first.
-#}
---
include:
  - hakube.cluster

hakube-resources-managed:
  hakube_pcs.managed:
    - require:
        - hakube_pcs: hakube-cluster-formed
