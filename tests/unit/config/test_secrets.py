"""Which options a person may see: of fence devices a few known ones, of others all but secrets."""

import json

import pytest

from saltext_hakube.core.config import Facts, public, resolve
from saltext_hakube.core.values import is_secret

from .pillars import GOOD, changed

NAMES = "apikey api_key hexadecimal_kg pass login_pass passwd password credentials auth auth_key "
NAMES += "pin snmp_priv_passwd community token accessKey secret_key user_pw pwd cookie psk"
FENCE_ONLY = "session_id email serial identity_file passwd_script project tls_cert ssl_key_password"
SHOWN = "ip ipaddr ipport port plug username login lanplus method action power_wait pcmk_host_map "
SHOWN += "ssl ssl_insecure timeout login_timeout delay retry_on pcmk_off_retries privlvl"


@pytest.mark.parametrize("name", [*NAMES.split(), *FENCE_ONLY.split()])
def test_of_a_fence_device_nothing_is_shown_that_is_not_known_to_be_harmless(name):
    assert is_secret(name, "stonith:fence_x")
    assert is_secret(name, "fence_x")


@pytest.mark.parametrize("name", SHOWN.split())
def test_what_says_where_a_fence_device_is_and_how_it_works_is_shown(name):
    assert not is_secret(name, "stonith:fence_x")
    assert not is_secret(name, "ocf:heartbeat:x")


@pytest.mark.parametrize("name", NAMES.split())
def test_an_option_of_any_agent_is_secret_by_its_name(name):
    assert is_secret(name)
    assert is_secret(name, "ocf:heartbeat:mysql")


@pytest.mark.parametrize(
    "name", ["ip", "nic", "cidr_netmask", "stonith-enabled", "pingd", "passwd_file"]
)
def test_other_options_are_shown(name):
    assert not is_secret(name)
    assert not is_secret(name, "ocf:heartbeat:x")


def test_the_configuration_that_people_see_has_no_option_of_a_fence_device_that_may_be_secret():
    options = dict.fromkeys((*NAMES.split(), *FENCE_ONLY.split()), "hunter2")
    device = {"agent": "fence_x", "options": {**options, "ip": "192.0.2.21"}}
    seen = public(resolve(changed({"fencing": {"f1": device}}, GOOD), Facts(names=("node1",))))
    assert "hunter2" not in json.dumps(seen)
    assert seen["fencing"]["f1"]["options"]["ip"] == "192.0.2.21"
