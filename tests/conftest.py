"""For all tests: how hard property tests try. HAKUBE_EXAMPLES=1000 tries harder, and other examples
each time; without it they are the same each time, so that what passed is not refused by chance."""

import os

from hypothesis import settings

HARDER = os.environ.get("HAKUBE_EXAMPLES")
# No deadline: on a machine of two cores that also boots nodes a single example may take long.
settings.register_profile(
    "hakube", max_examples=int(HARDER or "50"), deadline=None, derandomize=not HARDER
)
settings.load_profile("hakube")
