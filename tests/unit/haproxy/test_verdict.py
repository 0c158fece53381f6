"""What haproxy -c says, in the words of several versions."""

from saltext_hakube.core.haproxy import verdict
from saltext_hakube.core.haproxy.secrets import masked

GOOD_2_6 = """[WARNING]  (22211) : config : missing timeouts for backend 'b'.
   | While not properly invalid, you will certainly encounter various problems
   | with such a configuration.
Warnings were found.
Configuration file is valid
"""
BAD_2_6 = """[NOTICE]   (22205) : haproxy version is 2.6.12-1+deb12u4
[NOTICE]   (22205) : path to executable is /usr/sbin/haproxy
[ALERT]    (22205) : config : [t.cfg:7] : 'server b/x' : unable to load /nope/ca.crt.
[ALERT]    (22205) : config : Error(s) found in configuration file : t.cfg
[ALERT]    (22205) : config : Fatal errors found in configuration.
"""
BAD_2_2 = """[ALERT] 326/175900 (4711) : parsing [t.cfg:2] : unknown keyword 'bnid' in 'listen' section
[ALERT] 326/175900 (4711) : Error(s) found in configuration file : t.cfg
[ALERT] 326/175900 (4711) : Fatal errors found in configuration.
"""  # noqa: E501
EMPTY = "Configuration file has no error but will not start (no listener) => exit(2).\n"


def test_warnings_are_no_errors_and_long_ones_are_one_text():
    said = verdict.read(0, GOOD_2_6)
    assert said.good
    assert len(said.warnings) == 1
    assert said.warnings[0].endswith("various problems with such a configuration.")


def test_errors_are_told_without_the_summary():
    said = verdict.read(1, BAD_2_6)
    assert not said.good
    assert said.errors == ("[t.cfg:7] : 'server b/x' : unable to load /nope/ca.crt.",)


def test_the_old_form_with_date_and_time_is_read_too():
    assert verdict.read(1, BAD_2_2).errors == (
        "parsing [t.cfg:2] : unknown keyword 'bnid' in 'listen' section",
    )


def test_a_right_file_with_nothing_to_listen_on_is_good():
    assert verdict.read(2, EMPTY).good
    assert not verdict.read(2, "something else").good


def test_a_silent_failure_is_still_a_failure():
    assert verdict.read(139, "").errors == ("exit code 139",)


def test_secrets_of_the_file_are_hidden_and_everything_else_is_not():
    text = rb"""global
    setenv API_TOKEN "s3cr3t value"
    presetenv DBPASS s3cr3t
userlist u
    user a password $5$s3cr3t
    user b insecure-password 's3cr3t'
#|     stats auth admin:s3cr3t s3cr3t
    dynamic-cookie-key s3cr3t
    http-check send hdr Authorization "Bearer s3cr3t" hdr X y
    http-check send meth GET uri /x?token=s3cr3t&a=b hdr X-Api-Key s3cr3t
    http-check send meth POST body s3cr3t
    option httpchk GET / HTTP/1.1\r\nAuthorization:\ Basic\ s3cr3t
    option httpchk GET /y HTTP/1.0\r\nX-Token:\ s3cr3t
    tcp-check send AUTH\ s3cr3t\r\n
    tcp-check send-binary s3cr3t
    http-request set-header X-Api-Key s3cr3t
    http-response add-header X-Key "s3cr3t"
    reqadd X-Key:\ s3cr3t
    http-request deny unless { req.hdr(X-Api-Key) -m str s3cr3t }
    http-request set-var(txn.s) req.hdr(x),hmac(sha256,s3cr3t)
    http-request redirect location https://me:s3cr3t@example.com/
    http-request auth realm passwords if !ok
"""
    shown = masked(text)
    assert b"s3cr3t" not in shown
    for plain in (
        b"setenv API_TOKEN ",
        b"user a password ",
        b"realm passwords if !ok",
        b"userlist u",
        b"uri /x?token=",
        b"option httpchk GET /y HTTP/1.0",
        b"set-header X-Api-Key ",
        b"@example.com/",
    ):
        assert plain in shown
    assert shown.count(b"\n") == text.count(b"\n")
    assert masked(None) is None


def test_what_we_write_for_kubernetes_is_shown_as_it_is():
    text = b"""backend kube-apiservers-secure
    option httpchk GET /readyz
    http-check expect status 200
    default-server check-ssl verify required ca-file /etc/kubernetes/pki/ca.crt
    server secure-node1 192.0.2.11:6443 check on-marked-down shutdown-sessions
"""
    assert masked(text) == text
