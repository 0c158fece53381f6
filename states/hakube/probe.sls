{#-
  hakube-probe, a small daemon that outlives Salt and Pacemaker: it looks at the components of
  Kubernetes on this node, the cluster, the VIP on the network, files, certificates and disks.
-#}
---
include:
  - hakube.install

hakube-probe:
  hakube_probe.installed:
    - require:
        - sls: hakube.install
