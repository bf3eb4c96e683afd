"""Where Rocket.Chat's token comes from."""

from __future__ import annotations

import pytest

from amp.config.load import load_config
from amp.errors import ConfigError
from amp.receivers.rocketchat import Sender


@pytest.mark.parametrize("name", ["token", "token_id"])
def test_a_file_that_cannot_be_read_refuses_the_configuration(name, clients):
    block = {"token": "a", "token_id": "b"}
    del block[name]
    block[f"{name}_file"] = "/none/here"
    lines = ", ".join(f"{key}: {value}" for key, value in block.items())
    text = f"route: {{receiver: r}}\nreceivers: [{{name: r, rocketchat_configs: [{{{lines}}}]}}]"
    [(_, _, config)] = load_config(text).receivers[0].integrations
    with pytest.raises(ConfigError) as caught:
        Sender(config, clients.client())
    # As the reference says it at its start.
    cause = "could not read /none/here: open /none/here: no such file or directory"
    assert caught.value.cause == cause
