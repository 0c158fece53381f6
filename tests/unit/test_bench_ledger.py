"""The ledger's benchmark reads again all that it kept, over several files."""

from bench import ledger
from saltext_hakube.host import ledgerfiles


def test_each_record_is_read_again_and_told(tmp_path, monkeypatch):
    monkeypatch.setattr(ledgerfiles, "LIMIT", 1_200_000)
    told = ledger.measured(tmp_path, 3000, 0.01)
    assert told["replay"]["files"] > 1
    assert told["open"]["records"] > 1000
    assert all(one["times"] >= 10 for one in told["appends"].values())
    text = "\n".join(ledger.shown({**told, "load": [0.0, 0.0], "cores": 2}))
    assert "| read and verify all files | 3000 | 2." in text
