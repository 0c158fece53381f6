"""The stats socket's client against what a socket can do wrong; stand-ins play the other side."""

import contextlib
import socket
import threading
import time

import pytest

from saltext_hakube.core.errors import TimedOut
from saltext_hakube.host.haproxy import socket as sockets
from saltext_hakube.host.haproxy import unit
from saltext_hakube.host.machine import Machine

PATIENCE = 0.3


@contextlib.contextmanager
def answering(path, play):
    """A socket whose other side is played by a function of the connection."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()

        def serve():
            with contextlib.suppress(OSError), listener.accept()[0] as channel:
                play(channel)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield path
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(5)


def saying(text):
    def play(channel):
        channel.recv(4096)
        channel.sendall(text)

    return play


def silent(channel):
    channel.recv(4096)
    time.sleep(2 * PATIENCE)


def dribbling(channel):
    channel.recv(4096)
    for _ in range(20):
        channel.sendall(b"x")
        time.sleep(PATIENCE / 10)


def test_an_answer_is_read_whole(tmp_path):
    with answering(tmp_path / "s", saying(b"line\n" * 50_000)) as path:
        assert sockets.ask(path, "show stat") == "line\n" * 50_000


@pytest.mark.parametrize("play", [silent, dribbling])
def test_an_answer_that_does_not_end_in_time_is_an_error_however_it_dribbles(tmp_path, play):
    with answering(tmp_path / "s", play) as path:
        begun = time.monotonic()
        with pytest.raises(TimedOut, match=rf"`show info` at {path} within 0.3 s: it hangs"):
            sockets.ask(path, "show info", timeout=PATIENCE)
        assert time.monotonic() - begun < 10 * PATIENCE


def test_a_socket_whose_queue_is_full_is_an_error_in_time(tmp_path):
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as listener, contextlib.ExitStack() as waiting:
        listener.bind(str(path))
        listener.listen(0)
        for _ in range(2):  # nobody accepts them
            one = waiting.enter_context(socket.socket(socket.AF_UNIX))
            one.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                one.connect(str(path))
        with pytest.raises(TimedOut, match=f"{path} within 0.3 s"):
            sockets.ask(path, "show info", timeout=PATIENCE)


def test_an_answer_without_end_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr(sockets, "LONGEST", 1 << 20)
    with (
        answering(tmp_path / "s", saying(b"x" * (2 << 20))) as path,
        pytest.raises(sockets.SocketError, match="longer than 1 MiB"),
    ):
        sockets.ask(path, "show sess")


def test_a_socket_that_is_not_there_or_that_nobody_serves_names_itself(tmp_path):
    path = tmp_path / "s"
    with pytest.raises(sockets.SocketError, match=f"no socket at {path}"):
        sockets.ask(path, "show info")
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    with pytest.raises(sockets.SocketError, match=f"{path}: haproxy does not run"):
        sockets.ask(path, "show info")


@pytest.mark.parametrize(
    "refusal",
    [
        b"No such server.\n\n",
        b"Permission denied\n\n",
        b"Backend is using a static LB algorithm and only accepts weights '0%' and '100%'.\n",
        b"Unknown command: 'set server', but maybe one of the following ones is a better match:\n",
        b"",
    ],
)
def test_a_refusal_is_no_success(tmp_path, refusal):
    with (
        answering(tmp_path / "s", saying(refusal)) as path,
        pytest.raises(sockets.SocketError) as caught,
    ):
        sockets.tell(path, "set server b/s weight 3")
    assert "set server b/s weight 3" in str(caught.value)
    assert refusal.decode().strip()[:30] in str(caught.value)


def test_success_is_an_empty_line_or_the_words_expected(tmp_path):
    with answering(tmp_path / "one", saying(b"\n")) as path:
        sockets.tell(path, "set server b/s state drain")
    with answering(tmp_path / "two", saying(b"New server registered.\n\n")) as path:
        sockets.tell(path, "add server b/s 192.0.2.1:80", "New server registered")


GLOBAL = "global\n  stats socket {} level {}\n"


def test_the_socket_is_that_of_the_configuration_the_one_that_takes_orders_first(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(unit, "FOLDERS", ())
    config = tmp_path / "haproxy.cfg"
    config.write_text(GLOBAL.format("/run/one", "user") + GLOBAL.format("/run/two", "admin"))
    assert str(sockets.stats(Machine(), str(config), "web")) == "/run/two"
    config.write_text(GLOBAL.format("/run/one", "user"))
    assert str(sockets.stats(Machine(), str(config), "web")) == "/run/one"
    with pytest.raises(sockets.SocketError, match="no `stats socket` of level admin"):
        sockets.stats(Machine(), str(config), "web", admin=True)
    content = GLOBAL.format("/run/three", "admin")
    assert str(sockets.stats(Machine(), str(config), "web", content=content)) == "/run/three"
    assert sockets.master(Machine(), str(config), "web") is None


def test_all_files_count_that_the_unit_loads(tmp_path, monkeypatch):
    folder = tmp_path / "conf.d"
    folder.mkdir()
    (folder / "b.cfg").write_text(GLOBAL.format("/run/b", "admin"))
    (folder / "a.txt").touch()
    config = tmp_path / "haproxy.cfg"
    config.write_text("global\n")
    (tmp_path / "web.service").write_text(
        f"[Service]\nExecStart=haproxy -Ws -f {config} -f {folder} -S /run/m.sock,mode,600\n"
    )
    monkeypatch.setattr(unit, "FOLDERS", (str(tmp_path),))
    machine = Machine()
    assert sockets.files(machine, str(config), "web") == [str(config), f"{folder}/b.cfg"]
    assert str(sockets.stats(machine, str(config), "web", admin=True)) == "/run/b"
    assert str(sockets.master(machine, str(config), "web")) == "/run/m.sock"


def test_a_folder_that_stands_for_a_machine_runs_nothing(tmp_path):
    with pytest.raises(sockets.SocketError, match="stands for a machine"):
        sockets.stats(Machine(tmp_path), "/etc/haproxy/haproxy.cfg", "haproxy")
