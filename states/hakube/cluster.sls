{#-
  The nodes become one Pacemaker cluster, set up once, by the first node of the pillar. Every
  node must be applied to at the same time, until the cluster is formed.
-#}
---
include:
  - hakube.install
  - hakube.sysctl
  - hakube.haproxy
  - hakube.kubeenv

hakube-cluster-formed:
  hakube_pcs.cluster_formed:
    - require:
        - sls: hakube.install
        # Once the cluster is formed it may start haproxy and the apiserver
        # here at any moment; they must find their files.
        - sls: hakube.sysctl
        - sls: hakube.haproxy
        - sls: hakube.kubeenv
