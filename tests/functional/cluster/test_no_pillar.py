"""What the cluster's functions say to a minion without a pillar hakube."""

import pytest
from salt.exceptions import CommandExecutionError


@pytest.fixture(scope="module")
def pillar_data(request):
    return getattr(request, "param", {})


@pytest.mark.parametrize("name", ["plan", "predict", "apply"])
@pytest.mark.parametrize(
    ("pillar_data", "told"),
    [
        ({}, r"give it one .* then saltutil.refresh_pillar\Z"),
        ({"Hakube": {"vip": {}}}, r"but Hakube; write it hakube\Z"),
        ({"_errors": ["Rendering SLS 'x' failed"]}, "was not rendered: Rendering SLS 'x' failed"),
    ],
    indirect=["pillar_data"],
)
def test_it_is_told_what_is_missing_and_what_to_do(modules, name, told):
    with pytest.raises(CommandExecutionError, match=f"^hakube: .*{told}"):
        modules[f"hakube_pcs.{name}"]()
