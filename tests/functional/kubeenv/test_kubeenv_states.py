"""hakube_kubeenv with real loaders, on a folder that stands for the machine."""

import pytest

CONFIG = "/etc/kubernetes/config"
KUBELET = "/etc/kubernetes/kubelet"
MASTER = "--master=http://192.0.2.100:8080"
API_SERVERS = "--api_servers=http://192.0.2.100:8080"

# kubernetes/contrib init/systemd/environ/kubelet, shortened.
CONTRIB = """###
# kubernetes kubelet (minion) config

# The address for the info server to serve on (set to 0.0.0.0 or "" for all interfaces)
KUBELET_ADDRESS="--address=127.0.0.1"

# location of the api-server
KUBELET_API_SERVER="--api_servers=http://127.0.0.1:8080"

# Add your own!
KUBELET_ARGS="--token=s3cret"
"""


def pillar(vip="192.0.2.100", network="192.0.2.", insecure=True, **kubernetes):
    nodes = {f"node{i}": f"{network}{i}" for i in (1, 2, 3)}
    return {
        "hakube": {
            "cluster": {"nodes": nodes, "password": "not-a-real-one"},
            "vip": {"address": vip},
            "fencing": "none",
            "haproxy": {"insecure": insecure},
            "kubernetes": kubernetes,
        }
    }


def with_pillar(data):
    return pytest.mark.parametrize("pillar_data", [data], ids=[""], indirect=True)


@pytest.fixture(scope="module")
def pillar_data(request):
    return getattr(request, "param", pillar())


@pytest.fixture(scope="module")
def minion_config_overrides(minion_config_overrides):
    # A worker: it has a kubelet, but it is none of the cluster's nodes.
    return {"id": "worker1", **minion_config_overrides}


@pytest.fixture
def files(root):
    """The files below /etc/kubernetes, by name."""
    folder = root / "etc/kubernetes"
    folder.mkdir(parents=True)
    return folder


def test_a_fresh_machine_gets_the_documents_two_lines(states, root):
    ret = states.hakube_kubeenv.managed("any")
    assert ret.result is True
    assert ret.changes == {
        CONFIG: {"KUBE_MASTER": {"old": None, "new": MASTER}},
        KUBELET: {"KUBELET_API_SERVER": {"old": None, "new": API_SERVERS}},
    }
    assert (root / CONFIG[1:]).read_text() == f'KUBE_MASTER="{MASTER}"\n'
    assert (root / KUBELET[1:]).read_text() == f'KUBELET_API_SERVER="{API_SERVERS}"\n'
    assert (root / CONFIG[1:]).stat().st_mode & 0o777 == 0o644
    (warning,) = ret.warnings
    assert warning.startswith("hakube:kubernetes:version: not given, and no kubernetes program")


def test_test_mode_shows_the_same_change_and_does_nothing(states, root):
    ret = states.hakube_kubeenv.managed("any", test=True)
    assert ret.result is None
    assert not (root / "etc").exists()
    assert ret.changes == states.hakube_kubeenv.managed("any").changes


@pytest.mark.parametrize("test", [True, False])
def test_a_second_run_changes_nothing(states, files, test):
    states.hakube_kubeenv.managed("any")
    before = [(files / name).stat().st_ino for name in ("config", "kubelet")]
    ret = states.hakube_kubeenv.managed("any", test=test)
    assert (ret.result, ret.changes) == (True, {})
    assert [(files / name).stat().st_ino for name in ("config", "kubelet")] == before


def test_only_the_assignment_in_question_changes(states, files):
    (files / "kubelet").write_bytes(CONTRIB.encode() + b"# \xff\n")
    (files / "kubelet").chmod(0o600)
    assert states.hakube_kubeenv.managed(KUBELET).result is True
    expected = CONTRIB.replace("--api_servers=http://127.0.0.1:8080", API_SERVERS)
    assert (files / "kubelet").read_bytes() == expected.encode() + b"# \xff\n"
    assert (files / "kubelet").stat().st_mode & 0o777 == 0o600


def test_a_neighbours_secret_is_not_shown(states, files):
    (files / "kubelet").write_text(CONTRIB)
    ret = states.hakube_kubeenv.managed(KUBELET)
    assert ret.changes
    assert "s3cret" not in str(ret.full_return)


def test_a_path_as_name_means_only_this_file(states, files):
    ret = states.hakube_kubeenv.managed(CONFIG)
    assert list(ret.changes) == [CONFIG]
    assert not (files / "kubelet").exists()


@with_pillar(pillar("2001:db8::64", "2001:db8::", insecure=False, version="1.7"))
def test_an_ipv6_vip_without_the_insecure_frontend_gets_a_bracketed_https_url(states, files):
    assert states.hakube_kubeenv.managed("any").result is True
    url = "https://[2001:db8::64]:6443"
    assert (files / "config").read_text() == f'KUBE_MASTER="--master={url}"\n'
    assert (files / "kubelet").read_text() == f'KUBELET_API_SERVER="--api_servers={url}"\n'


@with_pillar(pillar(insecure=False, version="1.32.1"))
@pytest.mark.parametrize("test", [True, False])
def test_a_kubelet_without_the_flag_keeps_its_file_and_the_flag_is_warned_of(states, files, test):
    (files / "kubelet").write_text(CONTRIB)
    ret = states.hakube_kubeenv.managed("any", test=test)
    assert list(ret.changes) == [CONFIG]
    assert (files / "kubelet").read_text() == CONTRIB
    (warning,) = ret.warnings
    assert warning.startswith(f"{KUBELET}: KUBELET_API_SERVER is set, but Kubernetes 1.32.1")
    assert "hakube_kubeenv.absent" in warning


@with_pillar(pillar(insecure=False, version="1.32.1"))
def test_a_flag_in_another_file_is_not_warned_of(states, files):
    (files / "kubelet").write_text(CONTRIB)
    assert states.hakube_kubeenv.managed(CONFIG).warnings == []


@with_pillar(pillar(insecure=False, version="1.32.1"))
def test_a_file_that_the_pillar_has_nothing_for_is_told(states, files):
    ret = states.hakube_kubeenv.managed(KUBELET)
    assert ret.result is False
    assert ret.comment == f"name: the pillar has variables for {CONFIG}, not for {KUBELET}"


@with_pillar(pillar(insecure=True, version="1.20"))
def test_the_insecure_frontend_of_a_kubernetes_without_one_is_refused(states, files):
    ret = states.hakube_kubeenv.managed("any")
    assert ret.result is False
    assert ret.comment.startswith("hakube:haproxy:insecure: Kubernetes 1.20 serves no plain http")
    assert "\n" not in ret.comment
    assert list(files.iterdir()) == []


@with_pillar(pillar(config_file="/etc/kube.env", config_variable="MASTER", version="1.19"))
def test_files_and_variables_can_have_other_names(states, root):
    assert states.hakube_kubeenv.managed("any").result is True
    assert (root / "etc/kube.env").read_text() == f'MASTER="{MASTER}"\n'


@with_pillar({})
def test_without_any_pillar_explicit_arguments_suffice(states, files):
    variables = {"KUBE_LOG_LEVEL": "--v=2", "N": 5, "TRICKY": 'a "$b" \\ `c`'}
    assert states.hakube_kubeenv.managed(CONFIG, variables=variables, test=True).result is None
    assert states.hakube_kubeenv.managed(CONFIG, variables=variables).result is True
    assert (files / "config").read_text() == (
        'KUBE_LOG_LEVEL="--v=2"\nN="5"\nTRICKY="a \\"\\$b\\" \\\\ \\`c\\`"\n'
    )
    assert states.hakube_kubeenv.managed(CONFIG, variables=variables).changes == {}


@with_pillar({})
def test_without_pillar_and_arguments_the_error_says_what_is_missing(states, files):
    ret = states.hakube_kubeenv.managed("any")
    assert ret.result is False
    assert ret.comment.startswith("hakube: this minion has no such pillar")


def test_absent_removes_every_assignment_and_keeps_the_file(states, files):
    (files / "kubelet").write_text("X=1\n# X=2\nX=3\n")
    planned = states.hakube_kubeenv.absent(KUBELET, variables=["X", "Y"], test=True)
    assert planned.result is None
    assert (files / "kubelet").read_text() == "X=1\n# X=2\nX=3\n"
    ret = states.hakube_kubeenv.absent(KUBELET, variables=["X", "Y"])
    assert ret.changes == planned.changes == {KUBELET: {"X": {"old": "3", "new": None}}}
    assert (files / "kubelet").read_text() == "# X=2\n"
    assert states.hakube_kubeenv.absent(KUBELET, variables=["X", "Y"]).changes == {}
    assert states.hakube_kubeenv.absent(CONFIG, variables=["X"]).changes == {}
    assert not (files / "config").exists()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("config", {"X": "1"}), "name: 'config' is no absolute path of a file"),
        (("/etc/x/", {"X": "1"}), "is no absolute path of a file"),
        ((CONFIG, {}), "is no mapping of names to values"),
        ((CONFIG, ["X"]), "is no mapping of names to values"),
        ((CONFIG, {"X": True}), "variables:X: True is no text; put the value into quotes"),
        ((CONFIG, {"X": 1.2}), "variables:X: 1.2 is no text"),
        ((CONFIG, {"X-Y": "1"}), f"{CONFIG}: 'X-Y' is no name of an environment variable"),
        ((CONFIG, {"X": "a\x1bb"}), f"{CONFIG}: X: the value holds the character"),
    ],
)
@pytest.mark.parametrize("test", [True, False])
def test_a_wrong_argument_is_one_clear_line_and_nothing_changes(
    states, files, arguments, says, test
):
    name, variables = arguments
    ret = states.hakube_kubeenv.managed(name, variables=variables, test=test)
    assert ret.result is False
    assert says in ret.comment
    assert "\n" not in ret.comment
    assert list(files.iterdir()) == []


def test_absent_wants_a_list(states, files):
    ret = states.hakube_kubeenv.absent(CONFIG, variables="X")
    assert ret.result is False
    assert "is no list of names" in ret.comment


def test_a_file_that_ends_inside_a_quote_is_not_made_worse(states, files):
    (files / "config").write_text('A=1\nB="open\n')
    ret = states.hakube_kubeenv.managed(CONFIG)
    assert ret.result is False
    assert ret.comment == (
        f"{CONFIG}: line 2: the value of B has a quote that is never closed; close it, then "
        "KUBE_MASTER can be added"
    )
    assert (files / "config").read_text() == 'A=1\nB="open\n'


FIELD = """KUBE_LOGTOSTDERR="--logtostderr=true"
KUBE_LOG_LEVEL="--v=0 --token=s3cret \\
  --master=http://127.0.0.1:8080"
"""
ARCH = """KUBE_SCHEDULER_ARGS=\"\"\"
  --kubeconfig=/etc/kubernetes/scheduler.conf
  --master=https://127.0.0.1:6443
  --logtostderr
\"\"\"
"""


@with_pillar(pillar(insecure=False, version="1.32.1", config_variable="KUBE_LOG_LEVEL"))
def test_of_several_flags_in_one_variable_only_ours_changes_and_is_shown(states, files):
    (files / "config").write_text(FIELD)
    ret = states.hakube_kubeenv.managed("any")
    url = "--master=https://192.0.2.100:6443"
    assert ret.changes == {
        CONFIG: {"KUBE_LOG_LEVEL": {"old": "--master=http://127.0.0.1:8080", "new": url}}
    }
    assert (files / "config").read_text() == FIELD.replace("--master=http://127.0.0.1:8080", url)
    assert "s3cret" not in str(ret.full_return)
    (warning,) = ret.warnings
    assert warning.startswith(f"{CONFIG}: KUBE_LOGTOSTDERR is set, but Kubernetes 1.32.1 refuses")


@with_pillar(pillar(insecure=False, version="1.32.1", remove_obsolete=True))
def test_the_files_of_arch_are_found_and_what_is_refused_goes_where_the_pillar_allows_it(
    states, files
):
    (files / "kube-scheduler.env").write_text(ARCH)
    ret = states.hakube_kubeenv.managed("any")
    assert ret.result is True
    url = "--master=https://192.0.2.100:6443"
    assert ret.changes == {
        "/etc/kubernetes/kube-scheduler.env": {
            "KUBE_SCHEDULER_ARGS": {
                "old": "--logtostderr --master=https://127.0.0.1:6443",
                "new": url,
            }
        }
    }
    expected = ARCH.replace("\n  --logtostderr", "").replace("--master=https://127.0.0.1:6443", url)
    assert (files / "kube-scheduler.env").read_text() == expected
    assert [path.name for path in files.iterdir()] == ["kube-scheduler.env"]
    assert states.hakube_kubeenv.managed("any").changes == {}


@with_pillar(pillar(insecure=False, version="1.32.1"))
def test_a_scheduler_that_has_no_credentials_is_warned_of(states, files):
    (files / "scheduler").write_text('KUBE_SCHEDULER_ARGS=""\n')
    (warning,) = states.hakube_kubeenv.managed("any").warnings
    assert "without it the scheduler has no credentials" in warning
    (files / "scheduler").write_text('KUBE_SCHEDULER_ARGS="--kubeconfig=/etc/x"\n')
    assert "warnings" not in states.hakube_kubeenv.managed("any", test=True)


@with_pillar({})
def test_single_flags_can_be_set_and_removed(states, files):
    (files / "kubelet").write_text("KUBELET_ARGS='--v=2  --token=s3cret --x'\n")
    flags = {"KUBELET_ARGS": {"v": 4, "--x": None, "kubeconfig": "/a b"}}
    ret = states.hakube_kubeenv.managed(KUBELET, flags=flags)
    assert "s3cret" not in str(ret.full_return)
    text = (files / "kubelet").read_text()
    assert text == 'KUBELET_ARGS="--v=4 --token=s3cret \\"--kubeconfig=/a b\\""\n'
    assert states.hakube_kubeenv.managed(KUBELET, flags=flags).changes == {}


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        ([], "flags: [] is no mapping"),
        ({"X": "--v=2"}, "flags:X: '--v=2' is no mapping"),
        ({"X": {"a b": 1}}, "flags:X:a b: 'a b' is no name of a flag"),
        ({"X": {"v": 1.5}}, "flags:X:v: 1.5 is no text"),
    ],
)
def test_wrong_flags_are_one_clear_line(states, files, flags, says):
    ret = states.hakube_kubeenv.managed(CONFIG, flags=flags)
    assert ret.result is False
    assert says in ret.comment
    assert "\n" not in ret.comment


def test_variables_without_a_file_are_refused(modules, root):
    with pytest.raises(Exception, match="name: missing"):
        modules.hakube_kubeenv.plan(variables={"X": "1"})


def test_get_reads_a_file_as_systemd_does(modules, files):
    (files / "config").write_text("A='1'\n#B=2\nC=\"3\" x\n")
    assert modules.hakube_kubeenv.get(CONFIG) == {"A": "1", "C": "3x"}
    assert modules.hakube_kubeenv.get(KUBELET) == {}


def test_what_was_changed_before_a_file_failed_is_told(states, files):
    (files / "kubelet").symlink_to("/proc/sys/kernel/ostype")  # nobody can make files beside it
    ret = states.hakube_kubeenv.managed("any")
    assert ret.result is False
    assert ret.changes == {CONFIG: {"KUBE_MASTER": {"old": None, "new": MASTER}}}
    assert "cannot write" in ret.comment
    assert "\n" not in ret.comment
    assert MASTER in (files / "config").read_text()
