"""Which rung is for which component."""

import pytest

from saltext_hakube.core.remedy.policy import DEFAULT
from saltext_hakube.core.remedy.words import COMPONENTS, USES


@pytest.mark.parametrize("component", COMPONENTS)
def test_no_default_ladder_has_a_rung_that_can_do_nothing(component):
    assert [it for it in DEFAULT[component] if component not in USES.get(it, COMPONENTS)] == []
