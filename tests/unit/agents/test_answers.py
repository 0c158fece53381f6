"""haproxy's tables, in the words of 2.2, 2.6 and 3.0."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saltext_hakube.agents.watch import answers
from saltext_hakube.agents.watch.answers import Server, Session, Workers

STAT = """\
# pxname,svname,scur,status,lastchg,type,check_status,check_desc,addr,mode,
api,one,3,DOWN 1/2,7,2,* L4TOUT,"Layer4 timeout, ""at"" connect",192.0.2.1:6443,tcp,
api,two,0,UP,9,2,L7OK,,[2001:db8::1]:6443,tcp,
api,BACKEND,3,UP,9,1,,,,tcp,
api,local,0,no check,9,2,,,unix,tcp,
api,named,0,MAINT (resolution),9,2,,,0.0.0.0:6443,tcp,

"""

PROC = {
    "2.2": """\
#<PID>          <type>          <relative PID>  <reloads>       <uptime>        <version>
18              master          0               2               0d00h00m04s     2.2.9
# workers
23              worker          1               0               0d00h00m02s     2.2.9
# old workers
20              worker          [was: 1]        1               0d00h00m04s     2.2.9
21              worker          [was: 1]        2               0d00h00m04s     2.2.9
# programs

""",
    "3.0": """\
#<PID>          <type>          <reloads>       <uptime>        <version>
18              master          2 [failed: 0]   0d00h00m04s     3.0.11
# workers
23              worker          0               0d00h00m02s     3.0.11
# old workers
20              worker          1               0d00h00m04s     3.0.11
21              worker          2               0d00h00m04s     3.0.11
# programs
""",
}

TABLE = """\
1
# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_fqdn srv_port srvrecord
3 api 1 one 192.0.2.1 2 0 - 6443 -
3 api 2 two 2001:db8::1 2 0 - 6443 -
5 MASTER 1 cur-1 - 2 0 - 0 -

"""

SESS = """\
0x7f11880291d0: proto=tcpv4 src=192.0.2.7:59494 fe=f be=api srv=one ts=00 age=3s calls=3 s0=[8]
0x55fad2dd0600: proto=sockpair src=unix:2 fe=GLOBAL be=<NONE> srv=<none> ts=00 age=0s calls=1
"""


def test_the_servers_and_how_their_last_finished_check_ended():
    assert answers.servers(STAT) == [
        Server("api", "one", "192.0.2.1:6443", "DOWN 1/2", "L4TOUT", 3, 7),
        Server("api", "two", "[2001:db8::1]:6443", "UP", "L7OK", 0, 9),
        Server("api", "local", "", "no check", "", 0, 9),
        Server("api", "named", "", "MAINT (resolution)", "", 0, 9),
    ]


@pytest.mark.parametrize("version", sorted(PROC))
def test_the_current_worker_and_the_old_ones(version):
    assert answers.workers(PROC[version]) == Workers(23, (20, 21))


def test_where_an_old_worker_has_its_servers():
    assert answers.table(TABLE) == {
        ("api", "one"): "192.0.2.1:6443",
        ("api", "two"): "[2001:db8::1]:6443",
        ("MASTER", "cur-1"): "",
    }


def test_the_sessions():
    assert answers.sessions(SESS)[0] == Session("0x7f11880291d0", "api", "one")


@pytest.mark.parametrize("read", [answers.servers, answers.workers, answers.table])
@pytest.mark.parametrize("text", ["", "\n", "Permission denied\n\n", "Unknown command"])
def test_what_is_no_such_table_is_told_from_an_empty_one(read, text):
    assert read(text) is None


@given(text=st.text(), cut=st.integers(0, len(STAT)))
def test_nothing_that_is_read_makes_it_stumble(text, cut):
    for whole in (STAT, *PROC.values(), TABLE, SESS):
        for broken in (whole[:cut], whole[:cut] + text, whole[:cut] + text + whole[cut:]):
            answers.servers(broken)
            answers.workers(broken)
            answers.table(broken)
            answers.sessions(broken)
