"""hakube-watch beside a real haproxy that was reloaded, and a fault. Prints what came of it.

Also run inside the trees of other Debian releases: the standard library of Python 3.9, no more.

    python3 scenario.py PROGRAM CONFIGURATION-FOLDER SCENARIO SECONDS
"""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

CONFIG = """\
global
    stats socket {folder}/stats.sock mode 600 level admin
    maxconn {limit}
defaults
    mode tcp
    timeout connect 2s
    timeout client 1h
    timeout server 1h
frontend api
    bind 127.0.0.1:{checked}
    default_backend api
frontend health
    mode http
    bind 127.0.0.1:{health}
    http-request return status 200 content-type text/plain string ok if {{ path /livez }}
    http-request return status 404
frontend rescue
    bind 127.0.0.1:{unchecked}
    default_backend api-unchecked
backend api
    default-server inter 2s fastinter 500ms fall 2 rise 2 on-marked-down shutdown-sessions
{servers_checked}
backend api-unchecked
{servers}
backend foreign
{servers}
"""
NAMES = ("one", "two", "three")
LIMIT = 2000  # connections that haproxy takes
FEW = 4  # the same, where it is to have all of them
SESSIONS = 330  # of the old worker: more on one server than go into one question


class Server:
    """Accepts and says nothing; ``die`` lets it accept no more, what it has stays open."""

    def __init__(self):
        self.socket = socket.socket()
        self.socket.bind(("127.0.0.1", 0))
        self.socket.listen(500)
        self.port = self.socket.getsockname()[1]
        self.accepted = {}
        self.thread = threading.Thread(target=self._accept, daemon=True)
        self.thread.start()

    def _accept(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self._hold, args=[connection], daemon=True).start()

    def _hold(self, connection):
        try:
            name = connection.recv(16)
            self.accepted[name] = connection
        except OSError:
            pass

    def die(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def wait(condition, what, seconds):
    end = time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() > end:
            raise SystemExit(f"waited {seconds} s for {what}")
        time.sleep(0.02)
    return found


def ask(path, command):
    with socket.socket(socket.AF_UNIX) as channel:
        channel.settimeout(10)
        channel.connect(str(path))
        channel.sendall(command.encode() + b"\n")
        channel.shutdown(socket.SHUT_WR)
        parts = []
        while part := channel.recv(1 << 16):
            parts.append(part)
    return b"".join(parts).decode()


class Scene:
    def __init__(self, program, folder, seconds, limit):
        self.program, self.folder, self.seconds = program, Path(folder), seconds
        self.servers = {name: Server() for name in NAMES}
        self.checked, self.unchecked, self.health = free_port(), free_port(), free_port()
        lines = [f"    server {n} 127.0.0.1:{s.port}" for n, s in self.servers.items()]
        (self.folder / "haproxy.cfg").write_text(
            CONFIG.format(
                folder=self.folder,
                limit=limit,
                checked=self.checked,
                unchecked=self.unchecked,
                health=self.health,
                servers="\n".join(lines),
                servers_checked="\n".join(line + " check" for line in lines),
            )
        )
        self.log = (self.folder / "haproxy.log").open("wb")
        self.processes = []
        self.daemon = None
        self.clients = {}
        self.listener = True  # whether the daemon is told of the health listener

    def start(self):
        command = ["haproxy", "-W", "-S", f"{self.folder}/master.sock"]
        self.haproxy = subprocess.Popen(
            [*command, "-f", f"{self.folder}/haproxy.cfg"], stdout=self.log, stderr=self.log
        )
        self.processes.append(self.haproxy)
        self.wait(lambda: self.statuses() and set(self.statuses().values()) == {"UP"}, "haproxy")

    def reload(self):
        before = self.workers()
        self.haproxy.send_signal(signal.SIGUSR2)
        self.wait(lambda: self.workers()[0] not in (0, before[0]), "the new worker")
        self.wait(lambda: set(self.statuses().values()) == {"UP"}, "its servers")

    def watch(self):
        settings = {
            "haproxy": {
                "stats": f"{self.folder}/stats.sock",
                "master": f"{self.folder}/master.sock",
                "checked": ["api"],
                "unchecked": ["api-unchecked"],
            },
            "interval": 0.25,
            "sample": f"{self.folder}/run/watch.json",
            # No cluster and no systemd is here: it says so once, and does what it can.
            "node": "node1",
            "unit": "haproxy",
            "config": f"{self.folder}/haproxy.cfg",
            "check": ["haproxy", "-c", "-f", f"{self.folder}/haproxy.cfg"],
            "health": {"address": "127.0.0.1", "port": self.health} if self.listener else None,
            "steer": True,
            "servers": True,
            "hand_over": True,
            "repair": True,
            "resources": {"vip": "VIP-apiserver", "haproxy": "haproxy"},
            "vip": {"address": "192.0.2.100", "interface": None, "prefix": None},
            "guard": f"{self.folder}/run/guard.json",
        }
        path = self.folder / "watch.json"
        path.write_text(json.dumps(settings))
        self.daemon = subprocess.Popen(
            [sys.executable, "-IS", self.program, path],
            stderr=(self.folder / "journal").open("wb"),
        )
        self.processes.append(self.daemon)
        self.wait(lambda: self.sample().get("workers", {}).get("current"), "the first sample")

    def sample(self):
        try:
            return json.loads((self.folder / "run/watch.json").read_text())
        except FileNotFoundError:
            return {}

    def verdict(self):
        return self.sample().get("verdict", {}).get("value")

    def everything(self):
        """haproxy's processes."""
        return [self.haproxy.pid, *self.workers()]

    def journal(self):
        return (self.folder / "journal").read_text()

    def connect(self, port, kind, count):
        """So many sessions; each is known by a name, and by the server that got it."""
        for number in range(count):
            name = f"{kind}{number}".encode()
            client = socket.create_connection(("127.0.0.1", port), timeout=10)
            client.sendall(name)
            client.setblocking(False)
            self.clients[name] = client

        def arrived():
            return sum(map(len, (s.accepted for s in self.servers.values()))) == len(self.clients)

        self.wait(arrived, "the sessions to arrive")

    def on(self, server, kind):
        return [n for n in self.servers[server].accepted if n.startswith(kind.encode())]

    def closed(self, names):
        return sum(self._is_closed(self.clients[name]) for name in names)

    def _is_closed(self, client):
        try:
            return client.recv(1) == b""
        except BlockingIOError:
            return False
        except OSError:
            return True

    def statuses(self):
        try:
            rows = ask(self.folder / "stats.sock", "show stat -1 4 -1").splitlines()
        except OSError:
            return {}
        cells = [row.split(",") for row in rows if row.startswith("api,")]
        return {row[1]: row[17] for row in cells}

    def workers(self):
        """The current worker, then the old ones."""
        try:
            text = ask(self.folder / "master.sock", "show proc")
        except OSError:
            return [0]
        rows = [line.split() for line in text.splitlines()]
        return [int(row[0]) for row in rows if row[1:2] == ["worker"]] or [0]

    def wait(self, condition, what):
        return wait(condition, what, self.seconds)

    def end(self):
        # The daemon first: it is not to see the end of haproxy.
        for process in sorted(self.processes, key=lambda one: one is not self.daemon):
            process.send_signal(signal.SIGCONT)
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)


def ready(scene):
    scene.start()
    scene.connect(scene.checked, "old-", SESSIONS)
    scene.connect(scene.unchecked, "oldfree-", 6)
    scene.reload()
    scene.connect(scene.unchecked, "newfree-", 6)
    scene.watch()


def dies(scene):
    """A server dies: what is closed of its sessions, and of those on the others."""
    ready(scene)
    scene.servers["one"].die()
    scene.wait(lambda: scene.statuses()["one"].startswith("DOWN"), "the server to be down")
    down = time.monotonic()
    kinds = ("old-", "oldfree-", "newfree-")
    gone = {kind: scene.on("one", kind) for kind in kinds}
    left = {kind: scene.on("two", kind) + scene.on("three", kind) for kind in kinds}
    after = {}
    for kind, names in gone.items():
        scene.wait(lambda names=names: scene.closed(names) == len(names), f"{kind} to be closed")
        after[kind] = time.monotonic() - down
    time.sleep(1)
    return {
        "sessions": {kind: len(names) for kind, names in gone.items()},
        "closed_after": after,
        "others": {kind: len(names) for kind, names in left.items()},
        "others_closed": {kind: scene.closed(names) for kind, names in left.items()},
    }


def all_die(scene):
    """All servers die, one after the other is found out."""
    ready(scene)
    for server in scene.servers.values():
        server.die()
    scene.wait(
        lambda: all(s.startswith("DOWN") for s in scene.statuses().values()), "all to be down"
    )
    time.sleep(1.5)
    return {"closed": scene.closed(scene.clients)}


def hangs(scene):
    """haproxy hangs, all of it; then it goes on, and a server dies."""
    ready(scene)
    everything = [scene.haproxy.pid, *scene.workers()]
    for pid in everything:
        os.kill(pid, signal.SIGSTOP)
    scene.wait(lambda: scene.sample()["haproxy"]["stats"]["problem"], "it to be seen")
    time.sleep(2)
    problem = scene.sample()["haproxy"]["stats"]["problem"]
    alive = (
        scene.daemon.poll() is None
        and time.clock_gettime(time.CLOCK_BOOTTIME) - (scene.sample()["clock"])
    )
    for pid in everything:
        os.kill(pid, signal.SIGCONT)
    scene.wait(lambda: not scene.sample()["haproxy"]["stats"]["problem"], "it to be well again")
    scene.servers["two"].die()
    names = scene.on("two", "old-")
    scene.wait(lambda: scene.closed(names) == len(names), "the sessions to be closed")
    return {"problem": problem, "age": alive}


def restarts(scene):
    """haproxy is killed, and started again."""
    ready(scene)
    for pid in [scene.haproxy.pid, *scene.workers()]:
        os.kill(pid, signal.SIGKILL)
    scene.haproxy.wait(10)
    scene.wait(lambda: scene.sample()["haproxy"]["stats"]["problem"], "it to be seen")
    problem = scene.sample()["haproxy"]["stats"]["problem"]
    scene.start()
    scene.wait(lambda: not scene.sample()["haproxy"]["stats"]["problem"], "it to be well again")
    return {"problem": problem}


def serves(scene):
    """haproxy is reloaded again and again, hangs, is killed: what the verdict is, and when."""
    scene.start()
    scene.watch()
    scene.wait(lambda: scene.verdict() == "green", "it to be green")
    for _ in range(6):
        scene.reload()
    stormed = scene.journal().count("red:")
    processes = scene.everything()
    for pid in processes:
        os.kill(pid, signal.SIGSTOP)
    hung = time.time()
    scene.wait(lambda: scene.verdict() == "red", "a haproxy that hangs to be red")
    after = scene.sample()["verdict"]["since"] - hung
    scene.wait(lambda: scene.sample()["eyes"]["path"]["problem"], "what is wrong to be told")
    asks = scene.sample()["eyes"]["path"]
    for pid in processes:
        os.kill(pid, signal.SIGCONT)
    scene.wait(lambda: scene.verdict() == "green", "it to be green again")
    for pid in processes:
        os.kill(pid, signal.SIGKILL)
    scene.haproxy.wait(10)
    scene.wait(lambda: scene.verdict() == "red", "a haproxy that is dead to be red")
    scene.start()
    scene.wait(lambda: scene.verdict() == "green", "the new one to be green")
    return {"stormed": stormed, "after": after, "asks": asks}


def serves_by_its_socket(scene):
    """The same where the stats socket is all that can be asked."""
    scene.listener = False
    return serves(scene)


def full(scene):
    """haproxy has as many connections as it may have; then it hangs so; then it has fewer."""
    scene.start()
    scene.watch()
    scene.wait(lambda: scene.verdict() == "green", "it to be green")
    scene.connect(scene.checked, "full-", FEW)

    def asked():
        return scene.sample()["eyes"]["path"]

    scene.wait(lambda: asked()["full"], "the limit to be seen")
    problem = asked()["problem"]
    end = time.monotonic() + 2
    while time.monotonic() < end:  # three times what makes a silent one red
        assert scene.verdict() == "green", scene.journal()
        time.sleep(0.1)
    processes = scene.everything()
    for pid in processes:
        os.kill(pid, signal.SIGSTOP)
    scene.wait(lambda: scene.verdict() == "red", "a full one that hangs to be red")
    for pid in processes:
        os.kill(pid, signal.SIGCONT)
    scene.wait(lambda: scene.verdict() == "green", "a full one that goes on to be green")
    for server in scene.servers.values():
        for connection in server.accepted.values():
            connection.close()
    for client in scene.clients.values():
        client.close()
    scene.wait(lambda: not asked()["full"], "it to take connections again")
    return {"problem": problem}


def costs(scene):
    """What a minute of it costs, its programs included, and one with a server dead."""
    ready(scene)
    stat = Path(f"/proc/{scene.daemon.pid}")

    def cpu():
        words = (stat / "stat").read_text().rpartition(")")[2].split()
        return sum(map(int, words[11:15])) / os.sysconf("SC_CLK_TCK")

    found = {}
    for name in ("quiet", "dead"):
        start, used = time.monotonic(), cpu()
        time.sleep(60)
        found[name] = round(100 * (cpu() - used) / (time.monotonic() - start), 3)
        scene.servers["one"].die() if name == "quiet" else None
    memory = (stat / "smaps_rollup").read_text().split()
    found["rss_kb"], found["pss_kb"] = (int(memory[memory.index(w) + 1]) for w in ("Rss:", "Pss:"))
    return found


SCENARIOS = {
    "dies": dies,
    "all": all_die,
    "hangs": hangs,
    "restarts": restarts,
    "serves": serves,
    "socket": serves_by_its_socket,
    "full": full,
    "costs": costs,
}


def main(program, folder, name, seconds):
    scene = Scene(program, folder, float(seconds), FEW if name == "full" else LIMIT)
    try:
        found = SCENARIOS[name](scene)
        found["sample"] = scene.sample()
        found["running"] = scene.daemon.poll() is None
    finally:
        scene.end()
    found["journal"] = scene.journal().splitlines()
    found["exit"] = scene.daemon.returncode
    found["sample_left"] = scene.sample() != {}
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
