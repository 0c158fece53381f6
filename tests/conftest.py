"""For all tests: how hard property tests try. HAKUBE_EXAMPLES=1000 tries harder."""

import os

from hypothesis import settings

# No deadline: on a machine of two cores that also boots nodes a single example may take long.
settings.register_profile(
    "hakube", max_examples=int(os.environ.get("HAKUBE_EXAMPLES", "50")), deadline=None
)
settings.load_profile("hakube")
