"""The benchmark of the healing's decisions works, whatever its figures are."""

from bench.brain import measure


def test_it_opens_ten_incidents_in_each_cluster_and_loses_none_in_a_storm():
    told = measure(4, 100)
    assert told["opened"]["count"] == told["again"]["count"] == told["incidents"] == 40
    assert told["storm"]["count"] == 100 and 0 < told["storm"]["taken"] < 100
    assert told["replayed"]["count"] > 0
