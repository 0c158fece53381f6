{#-
  The frontends and backends of the Kubernetes API, as sections of ours in haproxy.cfg. What else
  stands in the file stays as it is.
-#}
---
include:
  - hakube.install
  - hakube.sysctl

hakube-haproxy-config:
  hakube_haproxy.config_managed:
    - require:
        - sls: hakube.install
        # A haproxy that runs and is reloaded binds to the VIP at once.
        - hakube_sysctl: hakube-sysctl-vip
