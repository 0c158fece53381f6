"""Who answers on the network. The wire itself is in the lab."""

import socket
import time

from saltext_hakube.host.preflight import neighbours


def test_a_storm_of_frames_is_not_listened_to_for_ever(monkeypatch):
    monkeypatch.setattr(neighbours, "TIMES", (0.0, 0.05))
    monkeypatch.setattr(neighbours, "PATIENCE", 0.1)
    monkeypatch.setattr(neighbours, "LONGEST", 2.0)
    asked = []
    here, there = socket.socketpair()
    with here, there:
        here.send(b"never read, so there is always more")
        neighbours._converse(there, lambda: asked.append(time.monotonic()), lambda: None)
    assert len(asked) == 2
