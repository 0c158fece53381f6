"""What nodes have taken back, in the CIB beside everything else."""

from saltext_hakube.core.cib.refusals import Refusal, edit, refusals

CIB = """\
<cib><configuration><crm_config><cluster_property_set id="cib-bootstrap-options">\
<nvpair id="o" name="stonith-enabled" value="true"/></cluster_property_set></crm_config>\
<nodes/><resources/><constraints/></configuration><status/></cib>"""
ONE = Refusal(what="haproxy", node="node1", digest="abc", since="2026-01-01T00:00:00Z")
TWO = Refusal(what="haproxy", node="node2", digest="abc", since="2026-01-01T00:00:01Z")


def test_what_is_written_is_read_again():
    text = edit(CIB, (ONE, TWO)).after
    assert set(refusals(text)) == {ONE, TWO}
    assert 'name="stonith-enabled"' in text


def test_the_same_again_changes_nothing():
    text = edit(CIB, (ONE,)).after
    assert edit(text, (ONE,)).changes == ()


def test_with_the_last_one_the_set_goes():
    text = edit(edit(CIB, (ONE,)).after, ()).after
    assert "hakube" not in text
    assert refusals(CIB) == ()


def test_what_somebody_else_wrote_into_the_set_stays():
    text = edit(CIB, (ONE,)).after.replace(
        "</cluster_property_set></crm_config>",
        '<nvpair id="x" name="x" value="nonsense"/></cluster_property_set></crm_config>',
    )
    assert refusals(text) == (ONE,)
    assert 'name="x"' in edit(text, ()).after


def test_its_id_is_one_for_pacemaker_whatever_the_unit_is_called():
    # '@', ':' and '\\' are in units' names; the schema has NCName for ids.
    one = Refusal(what="haproxy@a:b\\x2d", node="node1", digest="abc", since="s")
    text = edit(CIB, (one,)).after
    assert refusals(text) == (one,)
    assert 'id="hakube-refused-haproxy_a_b_x2d-node1"' in text
