{#-
  The second gate: looks for the traps of this topology, and stops the apply where one of them would
  do harm if it went on. What cannot be seen yet, or is mended by a later step, is no reason to
  stop. Changes nothing. docs/preflight.md has all traps; `hakube:preflight:ignore` leaves some out.
-#}
---
include:
  - hakube.pillar

hakube-preflight:
  hakube.preflight_passed:
    - require:
        - hakube: hakube-pillar
