#!/usr/bin/python3
"""STAND-IN for kube-apiserver, kube-scheduler and kube-controller-manager. Not Kubernetes.

It models only what a load balancer and a cluster manager see of them, as observed on 1.20:
  apiserver   /livez /readyz /healthz over TLS; about 2.5 s after its start they answer 200, before
              that 403 on a fresh machine and 500 on a restart (healthz 500 on both); on SIGTERM
              /readyz is 500 at once, the others stay 200 for --shutdown-delay-duration; without
              etcd all fail but ?exclude=etcd; with --anonymous-auth=false 401 without a
              certificate.
  scheduler, controller-manager
              /healthz over TLS, with a certificate that nobody knows; leave with 255 once they had
              the API (--master) and then miss it for 12 s.
Runs inside a node with that node's own Python and nothing else.
"""

import concurrent.futures
import http.server
import os
import pathlib
import signal
import socket
import ssl
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

STARTS_IN = 2.5
LEASE_LOST_AFTER = 12
STARTED_BEFORE = pathlib.Path("/var/lib/kubernetes/stand-in-has-run")
PROBES = ("/livez", "/readyz", "/healthz")
PORTS = {"scheduler": 10259, "controller-manager": 10257}
# The real ones make one for themselves.
PAIR = ("/etc/kubernetes/pki/apiserver.crt", "/etc/kubernetes/pki/apiserver.key")

FLAGS = dict(word.partition("=")[::2] for word in sys.argv[2:])
BEGIN = time.monotonic()
FIRST_TIME = not STARTED_BEFORE.exists()
DRAINING = threading.Event()


def tell_systemd(text):
    """sd_notify(3)."""
    name = os.environ.get("NOTIFY_SOCKET", "")
    if name:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as there:
            there.sendto(text.encode(), name.replace("@", "\0", 1))


def etcd_answers():
    """All members at once: a real one keeps connections to all, and uses one that lives."""
    members = FLAGS.get("--etcd-servers", "").split(",")
    pool = concurrent.futures.ThreadPoolExecutor(len(members))
    try:
        asked = [pool.submit(member_answers, member) for member in members]
        return any(one.result() for one in concurrent.futures.as_completed(asked))
    finally:
        pool.shutdown(wait=False)


def member_answers(member):
    try:
        with urllib.request.urlopen(f"{member}/health", timeout=1) as answer:
            return b'"true"' in answer.read()
    except OSError:
        return False


def verdict(path, query, known):
    """The status of a probe; *known* says that the client showed a certificate of ours."""
    if sys.argv[1] in PORTS:
        return 200 if path == "/healthz" else 404
    if FLAGS.get("--anonymous-auth") == "false" and not known:
        return 401
    if time.monotonic() - BEGIN < STARTS_IN:
        return 403 if FIRST_TIME and path != "/healthz" else 500
    if DRAINING.is_set() and path == "/readyz":
        return 500
    if "etcd" not in urllib.parse.parse_qs(query).get("exclude", []) and not etcd_answers():
        return 500
    return 200


class Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "kube-apiserver-stand-in"

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        if url.path.startswith(PROBES):
            status = verdict("/" + url.path.split("/")[1], url.query, self.connection.getpeercert())
        else:
            status = 404
        body = f"{'ok' if status == 200 else 'not ok'} (stand-in, not Kubernetes)\n".encode()
        self.send_response(status)
        self.send_header("X-Stand-In", "not Kubernetes")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """A probe every second from every node: nobody wants to read that."""


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def finish_request(self, request, client_address):
        """The TLS handshake in the connection's own thread: one slow client must not stop all."""
        request.settimeout(30)
        try:
            with CONTEXT.wrap_socket(request, server_side=True) as secure:
                super().finish_request(secure, client_address)
        except OSError:  # a probe that only opens and closes a connection
            pass


CONTEXT = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)


def apiserver():
    CONTEXT.load_cert_chain(FLAGS["--tls-cert-file"], FLAGS["--tls-private-key-file"])
    CONTEXT.load_verify_locations(FLAGS["--client-ca-file"])
    CONTEXT.verify_mode = ssl.CERT_OPTIONAL
    server = Server((FLAGS["--bind-address"], int(FLAGS.get("--secure-port", 6443))), Answer)
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: (DRAINING.set(), ended.set()))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    tell_systemd("READY=1")
    STARTED_BEFORE.touch()
    ended.wait()
    time.sleep(float(FLAGS.get("--shutdown-delay-duration", "0s").rstrip("s")))


def follower():
    """A scheduler or controller-manager: needs the API, and does not outlive it for long."""
    CONTEXT.load_cert_chain(*PAIR)
    port = int(FLAGS.get("--secure-port", PORTS[sys.argv[1]]))
    server = Server((FLAGS.get("--bind-address", "127.0.0.1"), port), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    context = ssl.create_default_context(cafile="/etc/kubernetes/pki/ca.crt")
    last = None
    while last is None or time.monotonic() - last < LEASE_LOST_AFTER:
        try:
            url = FLAGS["--master"] + "/readyz"
            with urllib.request.urlopen(url, timeout=2, context=context) as answer:
                answer.read()
            last = time.monotonic()
        except urllib.error.HTTPError as error:
            if error.code == 401:  # it answers; that it does not know us is not modelled here
                last = time.monotonic()
        except OSError as error:
            print(f"stand-in: no API at {FLAGS['--master']}: {error}", flush=True)
        time.sleep(2)
    sys.exit(255)


if __name__ == "__main__":
    if sys.argv[1] == "apiserver":
        apiserver()
    else:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        follower()
