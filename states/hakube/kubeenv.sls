{#-
  The variables in the kubernetes environment files that point the components at the VIP. Other
  lines of the files stay as they are, and nothing is restarted. May also be applied to a machine
  that is no node of the cluster but runs a kubelet.
-#}
---
hakube-kubeenv-files:
  hakube_kubeenv.managed: []
