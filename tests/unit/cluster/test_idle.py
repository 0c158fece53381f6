"""What should run and does not, out of crm_mon's words (pacemaker 2.1.5, 3.0.0)."""

import pytest

from saltext_hakube.core.idle import idle

TEXT = """<pacemaker-result><resources>{}</resources><node_history>
<node name="node2"><resource_history id="r"><operation_history task="probe" rc="{}"/>
</resource_history></node></node_history></pacemaker-result>"""

RESOURCE = (
    '<resource id="{}" role="Stopped" active="{}" orphaned="{}" managed="{}" '
    'failure_ignored="false"{}/>'
)


def seen(*resources, rc="7"):
    return TEXT.format("".join(resources), rc)


def resource(name="r", active="false", orphaned="false", managed="true", more=""):
    return RESOURCE.format(name, active, orphaned, managed, more)


def test_a_missing_agent_is_wrong_and_says_where():
    cannot, others = idle(seen(resource(), rc="5"), {"r"})
    assert "not installed on node2" in cannot[0]
    # Unlike pcs it waits for monitors that have not answered (host.forget).
    assert "then `salt-call hakube_pcs.cleanup " in cannot[0]
    assert others == []


@pytest.mark.parametrize(
    ("managed", "said"), [("true", "crm_resource --why --resource r"), ("false", "is unmanaged")]
)
def test_what_runs_nowhere_for_no_fault_is_only_told(managed, said):
    cannot, (line,) = idle(seen(resource(managed=managed)), {"r"})
    assert cannot == []
    assert said in line


@pytest.mark.parametrize(
    "resources",
    [
        [resource(active="true")],
        [resource(more=' target_role="Stopped"')],
        [resource(orphaned="true")],
        [resource("r:0", active="true"), resource("r:1")],
        [resource("another")],
    ],
    ids=["runs", "disabled", "orphan", "clone that runs somewhere", "not ours"],
)
def test_nothing_is_said_of_what_is_as_it_should_be(resources):
    assert idle(seen(*resources, rc="5"), {"r"}) == ([], [])
