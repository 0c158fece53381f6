r"""What the pillar says of haproxy: ``hakube:haproxy``, and the servers behind it.

Patterns end in ``\Z``: ``$`` also matches before a line end, which would get into the file.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from saltext_hakube.core.values import Address, Port, Unit

# haproxy reads a number alone as milliseconds, which nobody means: a unit is asked for.
Duration = Annotated[
    str,
    Meta(
        pattern=r"^[1-9][0-9]{0,8}(ms|s|m|h|d)\Z",
        description="a duration with its unit (ms, s, m, h, d), such as 500ms, 2s or 1h",
    ),
]

Count = Annotated[int, Meta(ge=1, le=100, description="a number of times, 1 to 100")]

# These stand in the file without quotes.
File = Annotated[
    str,
    Meta(
        pattern=r"^/[A-Za-z0-9_./@:+,=-]*[A-Za-z0-9_.@:+,=-]\Z",
        description="an absolute path to a file, without blanks and quotes",
    ),
]
Socket = Annotated[
    str,
    Meta(
        # haproxy binds below a name that is 11 characters longer, of at most 108.
        pattern=r"^(none|/[A-Za-z0-9_./@:+,=-]{0,94}[A-Za-z0-9_.@:+,=-])\Z",
        description="an absolute path to a socket, of at most 96 characters, without blanks and "
        "quotes, or the word none",
    ),
]
UrlPath = Annotated[
    str,
    Meta(pattern=r"^/[A-Za-z0-9_./?&=%~:+,-]*\Z", description="a path of the API, as /readyz"),
]
Balance = Annotated[
    str,
    Meta(
        pattern=r"^(roundrobin|static-rr|leastconn|first|source|random(\([0-9]+\))?)\Z",
        description="roundrobin, static-rr, leastconn, first, source or random",
    ),
]
ServerName = Annotated[
    str,
    Meta(pattern=r"^[A-Za-z0-9_.:-]+\Z", description="a name of letters, digits and - _ . :"),
]
# Words that haproxy knows and we need not: they stand in the file as they are.
Line = Annotated[
    str,
    Meta(
        pattern=r"^[^\x00-\x1f\x7f\ud800-\udfff]*[^\s\x00-\x1f\x7f\ud800-\udfff]\Z",
        description="one line of haproxy's configuration",
    ),
]
# At the end of a server's line, where a comment would hide what follows. What tracks another
# server's check is no unchecked one.
Words = Annotated[
    str,
    Meta(
        pattern=r"^(?!(.*\s)?track\s)[^#\x00-\x1f\x7f\ud800-\udfff]*"
        r"[^\s#\x00-\x1f\x7f\ud800-\udfff]\Z",
        description="words of a server's line, such as 'weight 50', without # and track",
    ),
]
Lines = Annotated[tuple[Line, ...], Meta(description="a list of lines of haproxy's configuration")]


class Server(Struct, frozen=True):
    """One apiserver. ``insecure_port`` matters only where the plain http frontend is asked for.

    ``options``: further words of its server line.
    """

    name: ServerName
    address: str
    port: Port = 6443
    insecure_port: Port = 8080
    options: str = ""


class Timeouts(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """haproxy's timeouts in our own sections; those of the file's ``defaults`` stay.

    A watch or ``kubectl logs -f`` may say nothing for long, so ``client`` and ``server`` (also
    used as the tunnel timeout) are long. ``connect`` is short, so that a dead node is given up
    quickly. ``check`` is what a health check may take after its connection: more than the 2 s
    after which an apiserver gives up on its etcd, or "not ready" is taken for dead.
    """

    connect: Duration = "1200ms"
    client: Duration = "1h"  # kubeadm's 20 s broke `kubectl logs -f` (kubeadm #2227, #1685)
    server: Duration = "1h"
    check: Duration = "3s"


class Health(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A listener on this machine alone that answers as the apiserver does.

    ``/livez``: haproxy works. ``/readyz``: and one apiserver at least is up behind it.
    """

    enabled: bool = True
    address: Address = "127.0.0.1"
    port: Port = 6440


class Haproxy(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """haproxy in front of the apiservers.

    ``plain: true`` gives the document's sections as they stand (with ``mode tcp`` in the
    backends, which it forgot): a bare ``check``, and timeouts from the file's ``defaults``. Only
    the ports, ``insecure`` and ``balance`` count then.
    """

    config: File = "/etc/haproxy/haproxy.cfg"
    unit: Unit = "haproxy"
    secure_port: Port = 6443
    insecure: bool = False
    insecure_port: Port = 8080
    plain: bool = False
    balance: Balance = "roundrobin"
    # https: GET check_path over TLS, answered with 200. tcp: the port accepts a connection; an
    # apiserver does so before it is ready, and also when it hangs.
    check: Literal["https", "tcp"] = "https"
    check_path: UrlPath = "/readyz"
    verify: Literal["required", "none"] = "required"
    ca_file: File = "/etc/kubernetes/pki/ca.crt"
    # An apiserver that hangs is down after at most inter + T + fastinter + T, where T, what a
    # check's connection and TLS handshake may take, is the lesser of inter and timeouts.connect:
    # 3.8 s; hakube-watch closes what is left in old workers within another second. (Measured on
    # 2.6 with 1500ms, 300ms, 1500ms: 3.7 to 4.6 s, and 0.7 s more.) At a T of 1 s a busy apiserver
    # looks down.
    inter: Duration = "1200ms"
    fastinter: Duration = "200ms"
    fall: Count = 2
    rise: Count = 2
    # An apiserver that answers "not ready" (it starts, it stops, its etcd stalls) is alive: drain
    # sends it nobody new and leaves whom it has. down takes it for dead.
    unready: Literal["drain", "down"] = "drain"
    # With no server up: ask any, unchecked. What they all have is no reason to refuse everybody.
    fallback: bool = True
    # Without shutdown-sessions a watch hangs on a dead server until its timeout.
    on_marked_down: Literal["shutdown-sessions", "none"] = "shutdown-sessions"
    retries: Count = 3
    tcp_keepalive: bool = True
    timeouts: Timeouts = Timeouts()
    health: Health = Health()
    # For whoever asks or tells the running haproxy; none: only those that the file has.
    stats_socket: Socket = "/run/haproxy-hakube.sock"
    # The API's frontend on this machine also without the VIP: how a change is seen to work.
    api_socket: Socket = "/run/haproxy-hakube-api.sock"
    # An old worker ends with its last connection, or after so many reloads.
    max_reloads: Annotated[int, Meta(ge=1, le=10000, description="a number, 1 to 10000")] = 1000
    # Anything else that haproxy knows: in our sections, on our servers, in sections of their own.
    frontend_options: Lines = ()
    backend_options: Lines = ()
    server_options: Words | None = None
    sections: Annotated[
        dict[str, Lines],
        Meta(description="a mapping of headers, such as 'frontend web', to lists of lines"),
    ] = field(default_factory=dict)
