"""hakube_sysctl with real loaders, on a folder that stands for the machine."""

import pytest

KEY = "net.ipv4.ip_nonlocal_bind"
FILE = "/etc/sysctl.d/haproxy.conf"


def pillar(vip="192.0.2.100", network="192.0.2.", **parts):
    nodes = {f"node{i}": f"{network}{i}" for i in (1, 2, 3)}
    cluster = {"nodes": nodes, "password": "not-a-real-one"}
    return {"hakube": {"cluster": cluster, "vip": {"address": vip}, "fencing": "none", **parts}}


def with_pillar(data):
    return pytest.mark.parametrize("pillar_data", [data], ids=[""], indirect=True)


@pytest.fixture(scope="module")
def pillar_data(request):
    return getattr(request, "param", pillar())


@pytest.fixture(scope="module")
def minion_config_overrides(minion_config_overrides):
    return {"id": "node1", **minion_config_overrides}


@pytest.fixture
def file(root):
    folder = root / "etc/sysctl.d"
    folder.mkdir(parents=True)
    return folder / "haproxy.conf"


def test_a_fresh_machine_gets_the_documents_line(states, file):
    ret = states.hakube_sysctl.present(KEY, value=1)
    assert ret.result is True
    assert file.read_text() == f"{KEY} = 1\n"
    assert list(ret.changes) == ["file"]
    assert f"+{KEY} = 1" in ret.changes["file"]
    assert file.stat().st_mode & 0o777 == 0o644


def test_the_folder_of_the_file_is_made(states, root):
    assert states.hakube_sysctl.present(KEY, value=1).result is True
    assert (root / FILE.lstrip("/")).exists()


def test_test_mode_shows_the_same_change_and_does_nothing(states, file):
    ret = states.hakube_sysctl.present(KEY, value=1, test=True)
    assert ret.result is None
    assert not file.exists()
    assert ret.changes == states.hakube_sysctl.present(KEY, value=1).changes


@pytest.mark.parametrize("test", [True, False])
def test_a_second_run_changes_nothing(states, file, test):
    states.hakube_sysctl.present(KEY, value=1)
    before = file.stat()
    ret = states.hakube_sysctl.present(KEY, value=1, test=test)
    assert (ret.result, ret.changes) == (True, {})
    assert file.stat().st_ino == before.st_ino


def test_it_is_said_that_the_running_value_is_left_out(states, file):
    assert "the running value is left out" in states.hakube_sysctl.present(KEY, value=1).comment


def test_foreign_lines_stay_byte_for_byte_and_the_mode_too(states, file):
    foreign = b"# \xff\xfe odd\r\n\t-kernel.x=1\n"
    file.write_bytes(foreign + b"net/ipv4/ip_nonlocal_bind=0\n;end")
    file.chmod(0o600)
    assert states.hakube_sysctl.present(KEY, value=1).result is True
    assert file.read_bytes() == foreign + b"net/ipv4/ip_nonlocal_bind=1\n;end"
    assert file.stat().st_mode & 0o777 == 0o600


def test_without_arguments_the_pillars_vip_decides(states, file):
    assert states.hakube_sysctl.managed("any").result is True
    assert file.read_text() == f"{KEY} = 1\n"


@with_pillar(pillar("2001:db8::64", "2001:db8::"))
def test_an_ipv6_vip_needs_the_other_key(states, file):
    assert states.hakube_sysctl.managed("any").result is True
    assert file.read_text() == "net.ipv6.ip_nonlocal_bind = 1\n"


@with_pillar(pillar(sysctl={"file": "/etc/sysctl.d/50-ha.conf"}))
def test_the_pillar_names_the_file(states, root):
    assert states.hakube_sysctl.present(KEY, value=1).result is True
    assert (root / "etc/sysctl.d/50-ha.conf").exists()


@with_pillar({})
def test_without_any_pillar_explicit_arguments_suffice(states, file):
    assert states.hakube_sysctl.present(KEY, value=1, test=True).result is None
    assert states.hakube_sysctl.present(KEY, value=1).result is True
    assert file.exists()


@with_pillar({})
def test_without_pillar_and_arguments_the_error_says_what_is_missing(states, file):
    ret = states.hakube_sysctl.managed("any")
    assert ret.result is False
    assert ret.comment.startswith("hakube: this minion has no such pillar")
    assert "\n" not in ret.comment


def test_absent_removes_the_line_and_an_emptied_file(states, file):
    file.write_text(f"# keep\n{KEY} = 1\n")
    planned = states.hakube_sysctl.absent(KEY, test=True)
    assert planned.result is None
    assert file.read_text() == f"# keep\n{KEY} = 1\n"
    ret = states.hakube_sysctl.absent(KEY)
    assert (ret.result, ret.changes) == (True, planned.changes)
    assert file.read_text() == "# keep\n"
    assert states.hakube_sysctl.absent(KEY).changes == {}
    file.write_text(f"{KEY} = 1\n")
    assert states.hakube_sysctl.absent(KEY).result is True
    assert not file.exists()
    assert states.hakube_sysctl.absent(KEY).changes == {}


def test_absent_gives_the_lines_back_that_were_there_before_us(states, file, root):
    text = f"# keep\n {KEY}=0 \nkernel.x=1\n-{KEY}"
    file.write_text(text)
    for value in (1, 2):
        assert states.hakube_sysctl.present(KEY, value=value).result is True
    memory = root / "var/lib/hakube/sysctl.json"
    assert memory.stat().st_mode & 0o777 == 0o600
    assert states.hakube_sysctl.absent(KEY).result is True
    # On the place of the last, which is the one that counts.
    assert file.read_text() == f"# keep\nkernel.x=1\n {KEY}=0 \n-{KEY}"
    assert states.hakube_sysctl.absent(KEY).changes == {}
    # A new beginning is remembered anew.
    file.write_text(f"{KEY}=7\n")
    states.hakube_sysctl.present(KEY, value=1)
    states.hakube_sysctl.absent(KEY)
    assert file.read_text() == f"{KEY}=7\n"


def test_a_line_that_somebody_took_out_stays_out(states, file):
    file.write_text(f"{KEY}=0\n")
    states.hakube_sysctl.present(KEY, value=1)
    file.write_text("kernel.x=1\n")
    assert states.hakube_sysctl.absent(KEY).result is True
    assert file.read_text() == "kernel.x=1\n"


@pytest.mark.parametrize("content", ["", "[]", "{", '{"/etc/sysctl.d/haproxy.conf": [1]}'])
def test_a_memory_that_is_broken_is_none(states, file, root, content):
    memory = root / "var/lib/hakube/sysctl.json"
    memory.parent.mkdir(parents=True)
    memory.write_text(content)
    assert states.hakube_sysctl.present(KEY, value=1).result is True
    assert states.hakube_sysctl.absent(KEY).result is True
    assert not file.exists()


@with_pillar(pillar(sysctl={"values": {"net.ipv4.ip_forward": 1, "net/ipv4/ip_nonlocal_bind": 1}}))
def test_the_pillar_lists_further_keys_beside_the_one_that_the_vip_needs(states, file):
    ret = states.hakube_sysctl.managed("any")
    assert ret.result is True
    assert file.read_text() == f"net.ipv4.ip_forward = 1\n{KEY} = 1\n"
    assert states.hakube_sysctl.managed("any").changes == {}


def test_an_empty_file_that_is_not_ours_stays(states, file):
    file.touch()
    ret = states.hakube_sysctl.absent(KEY)
    assert (ret.result, ret.changes) == (True, {})
    assert file.exists()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"name": KEY, "value": True}, "write a number, or text in quotes"),
        ({"name": KEY, "value": None}, "value: empty"),
        ({"name": KEY, "value": "1\n2"}, "one line of text"),
        ({"name": "net ipv4", "value": 1}, "is no sysctl key"),
        ({"name": "net/../../etc", "value": 1}, "is no sysctl key"),
        ({"name": KEY, "value": 1, "file": "haproxy.conf"}, "file: 'haproxy.conf' is no absolute"),
    ],
)
@pytest.mark.parametrize("test", [True, False])
def test_a_wrong_argument_is_one_clear_line_and_nothing_changes(
    states, file, arguments, says, test
):
    ret = states.hakube_sysctl.present(**arguments, test=test)
    assert ret.result is False
    assert says in ret.comment
    assert "\n" not in ret.comment
    assert ret.changes == {}
    assert not file.exists()


@pytest.mark.parametrize("values", [[], {}, "a=1", [KEY]])
def test_values_must_be_a_mapping(modules, root, values):
    with pytest.raises(Exception, match="is no mapping of keys to values"):
        modules.hakube_sysctl.plan(values=values)


def test_several_keys_can_share_one_file(modules, file):
    values = {KEY: 1, "net.ipv4.ip_forward": 1, "net.ipv4.tcp_syncookies": None}
    file.write_text("net.ipv4.tcp_syncookies=0\n")
    planned = modules.hakube_sysctl.plan(values=values)
    assert modules.hakube_sysctl.apply(values=values)["changes"] == planned["changes"]
    assert file.read_text() == f"{KEY} = 1\nnet.ipv4.ip_forward = 1\n"
    assert modules.hakube_sysctl.plan(values=values)["changes"] == {}


def test_get_tells_which_file_has_the_last_word(modules, file):
    file.write_text(f"{KEY} = 0\n")
    (file.parent / "zz.conf").write_text(f"{KEY} = 1\n")
    found = modules.hakube_sysctl.get(KEY)
    assert found == {"running": None, "boot": "1", "file": "/etc/sysctl.d/zz.conf"}
    assert modules.hakube_sysctl.get("a.b") == {"running": None, "boot": None, "file": None}
