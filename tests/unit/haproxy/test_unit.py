"""The command line of haproxy's unit, as distributions write it."""

import pytest

from saltext_hakube.core.haproxy import unit

DEBIAN = """[Unit]
Description=HAProxy Load Balancer

[Service]
EnvironmentFile=-/etc/default/haproxy
EnvironmentFile=-/etc/sysconfig/haproxy
BindReadOnlyPaths=/dev/log:/var/lib/haproxy/dev/log
Environment="CONFIG=/etc/haproxy/haproxy.cfg" "PIDFILE=/run/haproxy.pid" "EXTRAOPTS=-S /run/haproxy-master.sock"
ExecStart=/usr/sbin/haproxy -Ws -f $CONFIG -p $PIDFILE $EXTRAOPTS
ExecReload=/usr/sbin/haproxy -Ws -f $CONFIG -c -q $EXTRAOPTS
ExecReload=/bin/kill -USR2 $MAINPID
Type=notify
"""  # noqa: E501
RHEL9 = """[Service]
EnvironmentFile=-/etc/sysconfig/haproxy
Environment="CONFIG=/etc/haproxy/haproxy.cfg" "PIDFILE=/run/haproxy.pid" "CFGDIR=/etc/haproxy/conf.d"
ExecStartPre=/usr/sbin/haproxy -f $CONFIG -f $CFGDIR -c -q $OPTIONS
ExecStart=/usr/sbin/haproxy -Ws -f $CONFIG -f $CFGDIR -p $PIDFILE $OPTIONS
ExecReload=/usr/sbin/haproxy -f $CONFIG -f $CFGDIR -c -q $OPTIONS
ExecReload=/bin/kill -USR2 $MAINPID
SuccessExitStatus=143
KillMode=mixed
Type=notify
"""  # noqa: E501
RHEL7 = """[Service]
EnvironmentFile=/etc/sysconfig/haproxy
ExecStart=/usr/sbin/haproxy-systemd-wrapper -f /etc/haproxy/haproxy.cfg -p /run/haproxy.pid $OPTIONS
ExecReload=/bin/kill -USR2 $MAINPID
"""


def command(*texts, **files):
    return unit.command(texts, lambda name: files.get(name.rsplit("/", 2)[-2]))


def test_debians_unit():
    argv = command(DEBIAN)
    assert argv[1:] == [
        *("-Ws", "-f", "/etc/haproxy/haproxy.cfg"),
        *("-p", "/run/haproxy.pid", "-S", "/run/haproxy-master.sock"),
    ]
    assert unit.files(argv) == ["/etc/haproxy/haproxy.cfg"]


def test_debians_defaults_file_changes_file_and_options():
    argv = command(DEBIAN, default='# x\nCONFIG="/etc/ha.cfg"\nEXTRAOPTS="-de -m 16"\n')
    assert argv[1:] == ["-Ws", "-f", "/etc/ha.cfg", "-p", "/run/haproxy.pid", "-de", "-m", "16"]


def test_rhel_9_loads_a_folder_too():
    argv = command(RHEL9, sysconfig='OPTIONS=""\n')
    assert unit.files(argv) == ["/etc/haproxy/haproxy.cfg", "/etc/haproxy/conf.d"]
    assert "" not in argv


def test_rhel_7_starts_a_wrapper():
    assert command(RHEL7)[0] == "/usr/sbin/haproxy-systemd-wrapper"


def test_a_drop_in_replaces_the_command():
    dropin = "[Service]\nExecStart=\nExecStart=-/opt/haproxy/haproxy -W \\\n -f ${CONFIG}.new\n"
    assert command(DEBIAN, dropin) == [
        *("/opt/haproxy/haproxy", "-W", "-f", "/etc/haproxy/haproxy.cfg.new"),
    ]


def test_no_unit_has_no_command():
    assert command("") == []
    assert command("[Unit]\nExecStart=/bin/false\n") == []


def test_the_check_has_the_units_arguments_and_the_new_file():
    argv = command(RHEL9, sysconfig="OPTIONS=-dr -L here\n")
    places = {"/etc/haproxy/haproxy.cfg": "/tmp/new", "/etc/haproxy/conf.d": None}
    assert unit.check(argv, places) == [
        *("/usr/sbin/haproxy", "-c", "-Ws", "-f", "/tmp/new", "-dr", "-L", "here")
    ]


@pytest.mark.parametrize("rest", [["-sf", "1", "2"], ["-q"], ["-p", "x"], ["-x", "/run/s"]])
def test_the_check_leaves_out_what_is_for_a_start(rest):
    assert unit.check(["haproxy", "-f", "a", *rest], {}) == ["haproxy", "-c", "-f", "a"]


def test_files_after_a_double_dash_are_loaded_too():
    argv = ["haproxy", "-Ws", "--", "a", "b"]
    assert unit.files(argv) == ["a", "b"]
    assert unit.check(argv, {"a": "c"}) == ["haproxy", "-c", "-Ws", "-f", "c", "-f", "b"]
