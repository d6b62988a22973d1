"""Remote control is somebody else's program, begun by a link. Row A14."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from tallystick.errors import ConfigurationError
from tallystick.server.configuration import Configuration
from tallystick.server.discovery.remote import remote_links


def device(**values):
    empty = dict.fromkeys(("hostname", "name", "domain", "serial_number", "uuid", "asset_tag", "ip_addresses"))
    return SimpleNamespace(**{**empty, **values})


@pytest.mark.parametrize(
    ("pattern", "values", "ids", "links"),
    [
        ("rustdesk://{hostname}", {"hostname": "lon-1"}, {}, [("", "rustdesk://lon-1")]),
        ("https://r.example/?h={hostname}", {"hostname": "a b&c"}, {}, [("", "https://r.example/?h=a%20b%26c")]),
        ("vnc://{ip_address}", {"ip_addresses": '["10.0.0.7","10.0.0.8"]'}, {}, [("", "vnc://10.0.0.7")]),
        ("rustdesk://{hostname}", {}, {}, []),
        ("", {"hostname": "lon-1"}, {"teamviewer": "7"}, []),
        ("tv://{id}", {}, {"teamviewer": "7"}, [("teamviewer", "tv://7")]),
        ("tv://{id}", {}, {}, []),
    ],
)
def test_link_is_filled_from_the_device_A14(pattern, values, ids, links):
    assert remote_links(pattern, device(**values), ids) == links


@pytest.mark.parametrize("pattern", ["javascript:alert({id})", "data:text/html,{id}", "remote", "https://x/{password}"])
def test_address_that_begins_no_remote_control_is_refused_A14(pattern):
    with pytest.raises(ConfigurationError, match="TALLYSTICK_REMOTE_URL"):
        Configuration.from_environment({"TALLYSTICK_REMOTE_URL": pattern})


def test_address_is_read_from_the_environment_A14():
    found = Configuration.from_environment({"TALLYSTICK_REMOTE_URL": "rustdesk://{hostname}"})
    assert found.remote_url == "rustdesk://{hostname}"
