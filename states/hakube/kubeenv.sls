{#-
  The flags in the kubernetes environment files, and the cluster entries in kubeconfig files, that
  point the components at the VIP. All else in the files stays as it is. May also be applied to a
  machine that is no node of the cluster but runs a kubelet.
-#}
---
hakube-kubeenv-files:
  hakube_kubeenv.managed: []

hakube-kubeconfig-files:
  hakube_kubeconfig.managed: []
