"""The file of `--http.config.file` (Upstream: cli/config/http_config.go LoadHTTPConfigFile)."""

from __future__ import annotations

import os

from amp.errors import ConfigError
from amp.fields.decode import Decoder, finish
from amp.fields.http import HttpConfig
from amp.fields.node import MAX_BYTES, parse
from amp.fields.struct import StructOf


def read_http_config(file: str) -> HttpConfig:
    """How to talk HTTP; file names in it count from the file's folder.

    Raises:
        ConfigError: with upstream's text.
    """
    try:
        with open(file, "rb") as stream:
            text = stream.read(MAX_BYTES + 1).decode()
    except OSError as error:
        raise ConfigError(f"open {file}: {(error.strerror or '').lower()}") from None
    except UnicodeDecodeError:
        raise ConfigError("yaml: invalid leading UTF-8 octet") from None
    node = parse(text)
    if node is None:
        return HttpConfig(follow_redirects=False)
    decoder = Decoder()
    config = decoder.decode(node, StructOf(HttpConfig))
    finish(decoder)
    if not isinstance(config, HttpConfig):
        return HttpConfig(follow_redirects=False)
    return config.under(os.path.dirname(file) or ".")
