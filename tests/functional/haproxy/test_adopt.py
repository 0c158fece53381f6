"""Changes that a running haproxy takes over its socket, under traffic, in three releases.

systemd is a stand-in here: it only says that haproxy runs. All else is real.
"""

import contextlib
import re
import time

import pytest

from saltext_hakube.core.haproxy import document, wanted
from saltext_hakube.core.haproxy.options import Haproxy as Options
from saltext_hakube.core.haproxy.options import Health, Server
from saltext_hakube.host import systemd, unread
from saltext_hakube.host.haproxy import runtime, unit
from saltext_hakube.host.machine import Machine
from tests.generations import NoTree, haproxies
from tests.generations.haproxies import HERE, Clients, Haproxy, free_port, servers

MACHINE = Machine()
DYNAMIC = [HERE, "trixie"]  # 2.6 (of the machine), 3.0
ALL = [*DYNAMIC, "bullseye"]  # 2.2

CONFIG = """\
global
    stats socket {folder}/stats.sock mode 600 level admin
defaults
    mode tcp
    timeout connect 1s
    timeout client 60s
    timeout server 60s
frontend api
    bind 127.0.0.1:{port}
    use_backend unchecked if {{ nbsrv(checked) eq 0 }}
    default_backend checked
backend checked
    balance roundrobin
    option httpchk GET /readyz
    timeout check 1s
    default-server inter 300ms fastinter 400ms fall 2 rise 2 on-marked-down shutdown-sessions
{checked}
backend unchecked
    # what follows is not checked
    balance roundrobin
{unchecked}
"""


class Api:
    """haproxy with a pair of backends, as hakube's own are."""

    unit = "no-such-unit"

    def __init__(self, folder, suite):
        self.haproxy = Haproxy(folder, suite)
        self.port = free_port()
        self.options = "check"

    def text(self, ports, extra=""):
        """``ports``: server names with their ports, or whole ends of a server line."""

        def lines(options):
            return "\n".join(
                f"    server {name} 127.0.0.1:{port} {options} {more.format(**ports)}{extra}"
                for name, (port, more) in (
                    (name, one if isinstance(one, tuple) else (one, ""))
                    for name, one in ports.items()
                )
            )

        return CONFIG.format(
            folder=self.haproxy.folder,
            port=self.port,
            checked=lines(self.options),
            unchecked=lines(""),
        )

    def start(self, ports):
        self.haproxy.start(self.text(ports))

    def adopt(self, ports):
        """Adopt this, and write the file as a caller would."""
        config = self.haproxy.config
        old, new = config.read_bytes(), self.text(ports).encode()
        adopted = runtime.adopt(MACHINE, self.unit, str(config), old, new)
        if adopted.done:
            config.write_bytes(new)
        return adopted

    def servers(self, backend="checked"):
        found = runtime.servers(self.haproxy.socket)
        return {one.name: one for one in found if one.backend == backend}


@pytest.fixture
def api(request, tmp_path, monkeypatch):
    suite = getattr(request, "param", HERE)
    reason = haproxies.missing(suite)
    if reason:
        pytest.skip(reason)
    monkeypatch.setattr(systemd, "active", lambda unit: True)
    monkeypatch.setattr(unread, "NOTES", tmp_path / "notes")
    monkeypatch.setattr(unit, "FOLDERS", ())
    api = Api(tmp_path, suite)
    start = api.start

    def start_or_skip(ports):
        try:
            start(ports)
        except NoTree as error:
            pytest.skip(str(error))

    api.start = start_or_skip
    yield api
    if hasattr(api.haproxy, "process"):
        api.haproxy.stop()


def on(*suites):
    return pytest.mark.parametrize("api", suites, indirect=True)


@on(*DYNAMIC)
def test_servers_come_and_go_under_traffic_and_nothing_fails(api):
    with servers(4) as (one, two, three, four):
        ports = {"one": one.port, "two": two.port}
        api.start(ports)
        workers = api.haproxy.workers()
        with Clients(api.port, long=6) as clients:
            for change in (
                {**ports, "three": three.port},
                {"one": one.port, "two": (two.port, "weight 7"), "three": three.port},
                {"one": one.port, "two": two.port, "three": three.port, "four": four.port},
                {"one": one.port, "two": two.port, "four": four.port},
                {"one": one.port, "two": two.port, "four": (four.port, "disabled")},
                {"one": one.port, "two": two.port, "four": four.port},
                ports,
            ):
                adopted = api.adopt(change)
                assert adopted.done, adopted
                assert api.servers().keys() == change.keys() == api.servers("unchecked").keys()
            assert set(clients.held) == {one.port, two.port}
            assert clients.broken == []
        assert clients.failed == []
        assert clients.asked > 20
        assert api.haproxy.workers() == workers


@on(*DYNAMIC)
def test_a_server_that_goes_takes_only_its_own_sessions_with_it(api):
    with servers(3) as made:
        ports = {f"s{number}": server.port for number, server in enumerate(made)}
        api.start(ports)
        with Clients(api.port, long=6) as clients:
            del ports["s1"]
            adopted = api.adopt(ports)
            assert adopted.done, adopted
            assert "del server checked/s1" in adopted.orders
            held = clients.held.count(made[1].port)
            haproxies.wait_until(lambda: len(clients.broken) == held, lambda: clients.broken)
        assert set(clients.broken) == {made[1].port}
        assert clients.failed == []


def test_what_takes_too_long_is_taken_back_and_cuts_nothing(api, monkeypatch):
    monkeypatch.setattr(runtime, "WHOLE", 0.5)  # less than a server that goes has for its sessions
    with servers(2) as (one, two):
        api.start({"one": one.port, "two": two.port})
        with Clients(api.port, long=4) as clients:
            adopted = api.adopt({"one": one.port})
            assert "takes longer than 0.5 s" in adopted.why
            assert api.servers()["two"].state == "ready"
        assert clients.broken == []
        assert clients.failed == []


def test_what_would_take_too_long_is_not_begun(api, monkeypatch):
    monkeypatch.setattr(runtime, "WHOLE", 0.5)
    with servers(2) as (one, two):
        api.start({"one": one.port})
        adopted = api.adopt({"one": two.port})
        assert adopted.why.startswith("to tell it would take")
        assert adopted.orders == ()


@on(*DYNAMIC)
def test_a_new_server_gets_nothing_before_its_check_has_passed(api):
    with servers(2) as (one, two):
        api.start({"one": one.port})
        two.ready = False
        with Clients(api.port) as clients:
            adopted = api.adopt({"one": one.port, "two": two.port})
            assert adopted.done, adopted
            assert api.servers()["two"].status == "DOWN"
            assert api.servers()["two"].state == "ready"
            two.ready = True
            haproxies.wait_until(lambda: api.servers()["two"].serving, api.servers)
        assert clients.failed == []


@on(HERE, "trixie")
def test_a_new_server_with_tls_checks_verified_by_the_clusters_ca_comes_up(api, tmp_path):
    authority, pem = haproxies.certificate(tmp_path)
    api.options = f"check check-ssl verify required ca-file {authority}"
    with servers(2, pem) as (one, two):
        api.start({"one": one.port})
        adopted = api.adopt({"one": one.port, "two": two.port})
        assert adopted.done, adopted
        assert [one.check_status for one in api.servers().values()] == ["L7OK", "L7OK"]


def of_the_pillar(api, authority, ports):
    """The file that hakube itself makes for these apiservers."""
    folder = api.haproxy.folder
    options = Options(
        secure_port=api.port,
        ca_file=str(authority),
        stats_socket=str(api.haproxy.socket),
        api_socket=str(folder / "api.sock"),
        health=Health(port=api.health),
        inter="300ms",
    )
    apiservers = [Server(name, "127.0.0.1", port) for name, port in ports.items()]
    sections = wanted.wanted(options, "127.0.0.1", apiservers)
    base = "global\n    maxconn 500\ndefaults\n    mode http\n    timeout connect 1s\n"
    base += "    timeout client 5s\n    timeout server 5s\n    default-server weight 9\n"
    return document.with_sections(base.encode(), sections).decode()


@on(*DYNAMIC)
def test_the_file_that_hakube_makes_is_adopted_with_an_apiserver_that_is_not_ready_yet(
    api, tmp_path
):
    authority, pem = haproxies.certificate(tmp_path)
    api.health = free_port()
    api.text = lambda ports: of_the_pillar(api, authority, ports)
    checked, unchecked = "kube-apiservers-secure", "kube-apiservers-secure-unchecked"
    with servers(3, pem) as (one, two, three):
        ports = {"n1": one.port, "n2": two.port}
        api.start(ports)
        three.ready = False
        with Clients(api.port, long=4, tls=True) as clients:
            adopted = api.adopt({**ports, "n3": three.port})
            assert adopted.done, adopted
            third = api.servers(checked)["secure-n3"]
            assert (third.check_status, third.weight, third.state) == ("L7OKC", 1, "ready")
            assert not third.serving
            assert api.servers(unchecked)["secure-n3"].serving
            three.ready = True
            haproxies.wait_until(
                lambda: api.servers(checked)["secure-n3"].serving, lambda: api.servers(checked)
            )
            # What all of them have (etcd stalls) is no reason to keep a server.
            one.ready = two.ready = three.ready = False
            haproxies.wait_until(
                lambda: not any(one.serving for one in api.servers(checked).values()),
                lambda: api.servers(checked),
            )
            one.ready = two.ready = three.ready = True
            adopted = api.adopt(ports)
            assert adopted.done, adopted
            assert set(api.servers(checked)) == set(api.servers(unchecked))
            assert clients.broken == []
        assert [said for said in clients.failed if b" 500 " not in said.encode()] == []


def test_a_ca_that_was_changed_since_haproxy_read_it_needs_a_reload(api, tmp_path):
    authority, pem = haproxies.certificate(tmp_path)
    api.options = f"check check-ssl verify required ca-file {authority}"
    with servers(2, pem) as (one, two):
        api.start({"one": one.port})
        authority.write_bytes(authority.read_bytes())
        adopted = api.adopt({"one": one.port, "two": two.port})
        assert adopted == (False, (), f"{authority} was changed since haproxy read it")


@on(*ALL)
def test_a_server_moves_to_another_port_and_gets_sessions_after_its_check_passed(api):
    with servers(3) as (one, two, three):
        api.start({"one": one.port, "two": two.port})
        with Clients(api.port, long=4) as clients:
            adopted = api.adopt({"one": one.port, "two": three.port})
            assert adopted.done, adopted
            assert api.servers()["two"].port == three.port
            assert api.servers()["two"].serving
            assert clients.broken == []  # its sessions stay with the old address
        assert clients.failed == []


@on(*ALL)
def test_a_move_to_where_nobody_listens_is_taken_back(api):
    with servers(2) as (one, two):
        ports = {"one": one.port, "two": two.port}
        api.start(ports)
        with Clients(api.port, long=2) as clients:
            adopted = api.adopt({"one": one.port, "two": free_port()})
            assert not adopted.done
            assert "checked/two does not pass its health check" in adopted.why
            assert "not undone" not in adopted.why
            assert api.servers()["two"].port == two.port
            assert api.servers()["two"].state == "ready"
        assert clients.failed == []
        assert clients.broken == []


@on(*ALL)
def test_weights_and_disabled_servers_are_had_in_every_version(api):
    with servers(2) as (one, two):
        api.start({"one": one.port, "two": two.port})
        assert api.adopt({"one": (one.port, "weight 9"), "two": (two.port, "disabled")}).done
        assert api.servers()["one"].weight == 9
        assert api.servers()["two"].maintenance
        assert api.adopt({"one": one.port, "two": two.port}).done
        assert [one.weight for one in api.servers().values()] == [1, 1]
        assert all(one.serving for one in api.servers().values())


@on("bullseye")
def test_an_old_haproxy_says_that_it_needs_a_reload_for_another_server(api):
    with servers(2) as (one, two):
        api.start({"one": one.port})
        adopted = api.adopt({"one": one.port, "two": two.port})
        assert adopted == (False, (), "haproxy 2.2 cannot add or remove servers (2.6 can)")


def test_the_last_server_that_is_up_is_not_taken_out(api):
    with servers(1) as (one,):
        ports = {"one": one.port, "two": free_port()}
        api.start(ports)
        haproxies.wait_until(lambda: not api.servers()["two"].serving, api.servers)
        with Clients(api.port, long=2) as clients:
            adopted = api.adopt({"two": ports["two"]})
            assert not adopted.done
            assert "checked has no other server up than one" in adopted.why
            assert api.servers().keys() == ports.keys()
            assert clients.broken == []
        assert clients.failed == []


def test_what_an_operator_has_drained_stays_drained(api):
    with servers(3) as (one, two, three):
        ports = {"one": one.port, "two": two.port}
        api.start(ports)
        runtime.socket.tell(api.haproxy.socket, "set server checked/two state drain")
        assert api.adopt({**ports, "three": three.port}).done
        assert api.servers()["two"].state == "drain"
        assert api.adopt({"one": one.port, "two": (two.port, "weight 5"), "three": three.port}).done
        assert api.servers()["two"].state == "drain"
        assert api.servers()["two"].weight == 5


def test_a_step_that_fails_is_taken_back(api, monkeypatch):
    with servers(2) as (one, two):
        api.start({"one": one.port})
        told = runtime.socket.tell

        def refuse(path, order, *rest, **more):
            # haproxy itself would not: what it takes for one backend it takes for the other.
            if order.startswith("set server unchecked/two state ready"):
                raise runtime.socket.SocketError("refused")
            return told(path, order, *rest, **more)

        monkeypatch.setattr(runtime.socket, "tell", refuse)
        adopted = api.adopt({"one": one.port, "two": two.port})
        assert not adopted.done
        assert adopted.why == "refused"
        assert api.servers().keys() == api.servers("unchecked").keys() == {"one"}


def test_a_file_that_somebody_edited_since_haproxy_read_it_needs_a_reload(api):
    with servers(2) as (one, two):
        api.start({"one": one.port})
        config = api.haproxy.config
        config.write_text(config.read_text().replace("timeout client 60s", "timeout client 61s"))
        adopted = api.adopt({"one": one.port, "two": two.port})
        assert not adopted.done
        assert "was changed since haproxy read it" in adopted.why
        # After a reload it has been read; and what was adopted since counts as read as well.
        api.haproxy.reload(api.text({"one": one.port}))
        assert api.adopt({"one": one.port, "two": two.port}).done
        assert api.adopt({"one": one.port}).done


def test_a_haproxy_that_hangs_is_no_error_but_a_reason(api):
    with servers(2) as (one, two):
        api.start({"one": one.port})
        with haproxies.stopped(api.haproxy):
            adopted = api.adopt({"one": one.port, "two": two.port})
        assert not adopted.done
        assert re.search(r"did not answer `show info` at .*stats.sock within 2 s", adopted.why)


def test_a_haproxy_that_hangs_in_the_middle_costs_seconds_and_says_what_was_not_undone(
    api, monkeypatch
):
    with servers(2) as (one, two), contextlib.ExitStack() as hanging:
        api.start({"one": one.port})
        tell = runtime.socket.tell

        def hang(path, order, *rest, **more):
            if order.startswith("enable health"):
                hanging.enter_context(haproxies.stopped(api.haproxy))
            return tell(path, order, *rest, **more)

        monkeypatch.setattr(runtime.socket, "tell", hang)
        begun = time.monotonic()
        adopted = api.adopt({"one": one.port, "two": two.port})
        assert not adopted.done
        assert adopted.why.count("did not answer") == 2
        assert "not undone: haproxy did not answer `set server checked/two state maint`" in (
            adopted.why
        )
        assert time.monotonic() - begun < 15
