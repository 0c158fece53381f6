"""Replies of haproxy 2.2, 2.6 and 3.0, as their sockets gave them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saltext_hakube.core.errors import HakubeError
from saltext_hakube.core.haproxy import endpoint, runtime

STATE_22 = """\
1
# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight \
srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state \
srv_agent_state bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord
3 b 1 s1 127.0.0.1 2 0 1 1 2 15 3 3 6 0 0 0 - 18001 -
4 u 1 s1 127.0.0.2 0 1 7 1 0 1 0 0 0 0 0 0 - 99 -
5 MASTER 1 cur-1 - 2 0 0 0 9 1 0 0 0 0 0 0 - 0 -

"""
STATE_30 = """\
1
# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight \
srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state \
srv_agent_state bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord srv_use_ssl \
srv_check_port srv_check_addr srv_agent_addr srv_agent_port
3 b 2 s2 ::1 2 8 4 1 7 15 0 3 7 0 0 0 - 18003 - 0 0 - - 0
3 b 4 s4 127.0.0.1 0 0 1 1 5 8 2 0 6 0 0 0 - 18004 - 0 0 - - 0
3 b 5 s5 127.0.0.1 0 5 5 5 0 1 0 0 10 0 0 0 - 18001 - 0 0 - - 0
3 b 6 s6 127.0.0.1 3 0 1 1 0 1 4 3 6 0 0 0 - 18001 - 0 0 - - 0

"""
STAT = '''\
# pxname,svname,scur,slim,status,weight,check_status,check_code,last_chk,check_desc,more
f,FRONTEND,3,200,OPEN,,,,,,
b,s2,2,,DRAIN,4,* L7OK,200,,Layer7 check passed,
b,s4,0,9,DOWN 1/2,1,L4CON,,"Connection refused, or ""so""",Layer4 connection problem,
b,s5,0,,MAINT,1,INI,,,Initializing,
b,BACKEND,2,20,UP,5,,,,,
MASTER,BACKEND,0,0,UP,0,,,,,

'''


def by_name(servers):
    return {server.name: server for server in servers}


def test_servers_are_read_with_the_columns_that_a_version_has():
    old = runtime.servers(STATE_22)
    assert [(one.backend, one.port) for one in old] == [("b", 18001), ("u", 99)]
    assert [one.state for one in old] == ["ready", "maint"]
    assert [one.serving for one in old] == [True, False]
    new = by_name(runtime.servers(STATE_30, STAT))
    assert new["s2"].address == "::1"
    assert {name: one.state for name, one in new.items()} == {
        "s2": "drain",
        "s4": "ready",
        "s5": "maint",
        "s6": "ready",
    }
    # One that stops (a check passed on condition) runs, and gets nothing new.
    assert not any(one.serving for one in new.values())


def test_what_the_counters_know_of_a_server_is_added():
    found = by_name(runtime.servers(STATE_30, STAT))
    two, four, five, six = (found[name] for name in ("s2", "s4", "s5", "s6"))
    assert (two.check_status, two.check_code, two.sessions, two.limit) == ("L7OK", 200, 2, None)
    assert (four.status, four.check_status, four.limit) == ("DOWN 1/2", "L4CON", 9)
    assert four.check_told == 'Connection refused, or "so"'
    assert five.check_status == ""
    assert six.status == ""  # it came between the two questions


def test_counters_leave_out_what_haproxy_has_for_itself():
    assert [(row["pxname"], row["svname"]) for row in runtime.stat(STAT)] == [
        ("f", "FRONTEND"),
        ("b", "s2"),
        ("b", "s4"),
        ("b", "s5"),
        ("b", "BACKEND"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        # 2.2
        "#<PID>          <type>          <relative PID>  <reloads>       <uptime>  <version>\n"
        "2751            master          0               2               0d00h00m02s     2.2.9\n"
        "# workers\n"
        "2762            worker          1               0               0d00h00m01s     2.2.9\n"
        "# old workers\n"
        "2755            worker          [was: 1]        1               1d02h00m02s     2.2.9\n"
        "# programs\n\n",
        # 2.6 and 3.0
        "#<PID>          <type>          <reloads>       <uptime>        <version>      \n"
        "2751            master          2 [failed: 0]   0d00h00m02s     2.6.12-1+deb12u3\n"
        "# workers\n"
        "2762            worker          0               0d00h00m01s     2.6.12-1+deb12u3\n"
        "# old workers\n"
        "2755            worker          1               1d02h00m02s     2.6.12-1+deb12u3\n"
        "# programs\n\n",
    ],
)
def test_old_workers_are_told_from_the_current_one(text):
    found = runtime.processes(text)
    assert [(one.pid, one.kind, one.old) for one in found] == [
        (2751, "master", False),
        (2762, "worker", False),
        (2755, "worker", True),
    ]
    assert found[2].reloads == 1
    assert found[2].uptime == 86400 + 2 * 3600 + 2
    assert found[2].version.startswith("2.")


def test_sessions_are_those_of_clients():
    text = (
        "0x7f695403c4f0: proto=sockpair src=unix:2 fe=GLOBAL be=<NONE> srv=<none> ts=00 age=0s\n"
        "0x560c402c3d70: proto=tcpv4 src=192.0.2.1:47036 fe=f be=b srv=s1 ts=00 epoch=0 age=1h2m "
        "calls=2 rq[f=848202h,i=0,an=00h,rx=59s,wx=,ax=] exp=1s\n"
        "0x560c402c3d71: proto=tcpv4 src=192.0.2.2:1 fe=f be=<NONE> srv=<none> ts=00 age=5s\n\n"
    )
    first, second = runtime.sessions(text)
    assert (first.source, first.backend, first.server, first.age) == (
        "192.0.2.1:47036",
        "b",
        "s1",
        3720,
    )
    assert (second.backend, second.server) == ("", "")


def test_info_is_read():
    text = "Version: 2.6.12-1\nPid: 18665\nUptime_sec: 85\nCurrConns: 7\nStopping: 1\n"
    found = runtime.info(text)
    assert (found.version, found.pid, found.uptime, found.connections) == ("2.6.12-1", 18665, 85, 7)
    assert found.stopping is True


@pytest.mark.parametrize(
    ("read", "asked"),
    [
        (runtime.info, "show info"),
        (runtime.stat, "show stat"),
        (runtime.servers, "show servers state"),
        (runtime.processes, "show proc"),
    ],
)
def test_another_answer_is_told_with_its_words(read, asked):
    with pytest.raises(HakubeError, match=f"answered `{asked}` with: Unknown command"):
        read("Unknown command. Please enter one of the following commands only :\n")
    with pytest.raises(HakubeError, match="nothing"):
        read("")


@given(st.text(), st.sampled_from([STATE_30, STAT, STATE_22]), st.integers(0, 400))
def test_no_answer_makes_it_fall_over(noise, text, cut):
    for broken in (noise, text[:cut] + noise + text[cut:], text[:cut]):
        for read in (runtime.info, runtime.stat, runtime.servers, runtime.processes):
            try:
                read(broken)
            except HakubeError:
                continue
        runtime.sessions(broken)


@pytest.mark.parametrize(
    ("argv", "path"),
    [
        (["haproxy", "-Ws", "-S", "/run/haproxy-master.sock"], "/run/haproxy-master.sock"),
        (["haproxy", "-S", "unix@/run/m,mode,600", "-f", "x"], "/run/m"),
        (["haproxy", "-S", "127.0.0.1:1234"], None),
        (["haproxy", "-W", "-f", "-S"], None),
        (["haproxy", "-W"], None),
    ],
)
def test_the_masters_socket_is_read_from_the_command_line(argv, path):
    assert endpoint.master(argv) == path


def test_stats_sockets_are_those_of_global_with_a_path():
    text = (
        "global\n"
        "  stats socket ipv4@127.0.0.1:9999 level admin\n"
        '  stats socket "/run/one.sock" mode 660   # level admin\n'
        "  stats socket unix@/run/two.sock level admin mode 600\n"
        "defaults\n"
        "frontend f\n"
        "  stats socket /run/no\n"
    )
    assert endpoint.stats([text]) == (
        endpoint.StatsSocket("/run/two.sock", "admin"),
        endpoint.StatsSocket("/run/one.sock", "operator"),
    )
