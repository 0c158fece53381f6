{#-
  haproxy binds to the VIP on every node, also on those that do not hold it; this tells the
  kernel to allow that, now and after a boot.
-#}
---
hakube-sysctl-vip:
  hakube_sysctl.managed: []
