{#-
  The flags in the kubernetes environment files, and the cluster entries in kubeconfig files, that
  point the components at the VIP. All else in the files stays as it is. What reads a changed file
  is restarted, in the cluster one node at a time. May also be applied to a
  machine that is no node of the cluster but runs a kubelet.
-#}
---
hakube-kubeenv-files:
  hakube_kubeenv.managed: []
