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
      # The check of the new file binds nothing; a haproxy that is reloaded with it does.
      - hakube_sysctl: hakube-sysctl-vip
