"""How the demonstration explains an outage: by what was measured."""

from tests.demo.machines import explained


def test_a_short_outage_without_a_move_was_mended_by_systemd():
    told = explained("node1", "node1", 0.4)
    assert "systemd started haproxy again" in told
    assert "Pacemaker noticed nothing" in told


def test_a_vip_that_moved_followed_the_nodes_word():
    told = explained("node1", "node2", 0.9)
    assert "moved from node1 to node2" in told
    assert "systemd" not in told


def test_a_long_outage_is_not_said_to_be_systemds_alone():
    told = explained("node1", "node1", 5.9)
    assert "or Pacemaker was first" in told
    assert "systemd started haproxy again" not in told
