{#-
  The gate: tells what is wrong with the pillar `hakube`, one line for each problem, and warns of
  what is allowed but unwise. Changes nothing.
-#}
---
hakube-pillar:
  hakube.pillar_valid: []
