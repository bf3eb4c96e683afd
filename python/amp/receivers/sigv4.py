"""Keys, region and addresses of one `sigv4` block, found as AWS's tools find them.

They are found by AWS's own library, botocore (the extra `sns`). It is imported with the first
session, and as what it does may wait for files and other servers, it runs on threads.
"""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from amp.errors import ConfigError, SendError
from amp.fields.codec import Flag, SecretText, Text
from amp.fields.struct import Struct, entry, refused
from amp.fields.url import parse_url

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

    from amp.fields.secret import Secret

FORM = "application/x-www-form-urlencoded"
NO_LIBRARY = (
    "the AWS library is not installed: run `pip install 'alertmanager-plus-plus[sns]'` and restart"
)
NO_REGION = "region not configured in sns.sigv4.region or in default credentials chain"
NO_KEYS = "no credentials in the configuration, the environment, a profile or this machine's role"
_HOST_LABEL = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9-]{0,62}")


@dataclass(frozen=True, slots=True)
class SigV4(Struct):
    """How requests to AWS are signed."""

    GO = "sigv4.plain"

    region: str = entry(Text())
    access_key: str = entry(Text())
    secret_key: Secret = entry(SecretText())
    profile: str = entry(Text())
    role_arn: str = entry(Text())
    external_id: str = entry(Text())
    use_fips_sts_endpoint: bool = entry(Flag())
    service_name: str = entry(Text())

    def checked(self) -> Self:
        """Both keys or none."""
        if bool(self.access_key) != bool(self.secret_key):
            raise refused(
                "must provide a AWS SigV4 Access key and Secret Key if credentials are specified"
                " in the SigV4 config",
                "access_key" if self.access_key else "secret_key",
            )
        if self.external_id and not self.role_arn:
            raise refused("external_id can only be used with role_arn", "external_id")
        return self


class Keys(NamedTuple):
    """What a request is signed with; `token` is empty for keys that do not expire."""

    access_key: str
    secret_key: str
    token: str


class Failure(Exception):
    """A request that could not be made or got no answer.

    Attributes:
        within: whether the operation had begun, so that the text names it.
    """

    def __init__(self, text: str, *, within: bool = True) -> None:
        super().__init__(text)
        self.within = within

    def told(self, operation: str) -> str:
        """The text as upstream's library words it."""
        return f"{operation}, {self}" if self.within else str(self)


class Session:
    """What botocore knows of one `sigv4` block; made and asked for keys on a thread."""

    def __init__(self, config: SigV4, environment: Mapping[str, str]) -> None:
        try:
            import botocore.auth
            import botocore.awsrequest
            import botocore.credentials
            import botocore.endpoint_provider
            import botocore.exceptions
            import botocore.session
        except ImportError:
            raise SendError(NO_LIBRARY) from None
        self._config = config
        self._environment = environment
        self._library: Any = botocore
        self._botocore_session: Any = botocore.session.Session(
            session_vars={
                # Both in upstream's order; botocore alone does not know AWS_REGION.
                "profile": (None, ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"], None, None),
                "region": ("region", ["AWS_REGION", "AWS_DEFAULT_REGION"], None, None),
            },
            profile=config.profile or None,
        )
        if config.region:
            self._botocore_session.set_config_variable("region", config.region)
        self._endpoints: dict[str, str] = {}
        try:
            self._region = self._variable("region") or ""
            self._profile: Mapping[str, Any] = self._botocore_session.get_scoped_config()
            for service in ("sns", "sts") if config.role_arn else ("sns",):
                if _HOST_LABEL.fullmatch(self._region):
                    self._endpoints[service] = self._endpoint(service)
        except botocore.exceptions.ProfileNotFound as error:
            profile = error.kwargs["profile"]
            raise Failure(
                f"failed to load {self._what()}: failed to get shared config profile, {profile}",
                within=False,
            ) from None
        except (botocore.exceptions.BotoCoreError, OSError, ValueError) as error:
            raise Failure(f"failed to load {self._what()}: {error}", within=False) from None
        if not self._region:
            raise Failure(NO_REGION, within=False)

    def keys(self) -> Keys:
        """The keys of the block or of AWS's chain of places; may wait for other servers."""
        config = self._config
        if config.access_key:
            return Keys(config.access_key, config.secret_key.reveal(), "")
        try:
            found = self._botocore_session.get_credentials()
            frozen = None if found is None else found.get_frozen_credentials()
        except (
            self._library.exceptions.BotoCoreError,
            self._library.exceptions.ClientError,
            OSError,
            ValueError,
            KeyError,
        ) as error:
            raise Failure(f"get identity: get credentials: {error}") from None
        if frozen is None:
            raise Failure(f"get identity: get credentials: {NO_KEYS}")
        return Keys(frozen.access_key, frozen.secret_key, frozen.token or "")

    def address(self, service: str, base_url: str) -> str:
        """Where a service is reached in the region; `base_url` comes first."""
        if not _HOST_LABEL.fullmatch(self._region):
            raise Failure(f"failed to bind endpoint params, invalid input region {self._region}")
        given = base_url or self._endpoints[service]
        try:
            url = parse_url(given)
        except ConfigError:
            raise Failure(
                f"failed to resolve service endpoint, Failed to parse uri: {given}"
            ) from None
        plain = dataclasses.replace(url, user=None, password=None, query=None, fragment="")
        return str(plain) if plain.path else f"{plain}/"

    def signed(self, service: str, url: str, keys: Keys, body: bytes) -> dict[str, str]:
        """The headers of a POST of a form, with its signature."""
        library = self._library
        request = library.awsrequest.AWSRequest(
            "POST", url, headers={"Content-Type": FORM}, data=body
        )
        credentials = library.credentials.ReadOnlyCredentials(
            keys.access_key, keys.secret_key, keys.token or None
        )
        library.auth.SigV4Auth(credentials, service, self._region).add_auth(request)
        return dict(request.headers.items())

    def _variable(self, name: str) -> Any:
        return self._botocore_session.get_config_variable(name)

    def _what(self) -> str:
        return "base config for STS" if self._config.role_arn else "final config for SNS"

    def _endpoint(self, service: str) -> str:
        """The service's address, as configured or as AWS's rules have it."""
        configured = self._configured(service)
        if configured:
            return configured
        loader = self._botocore_session.get_component("data_loader")
        rules = self._library.endpoint_provider.EndpointProvider(
            loader.load_service_model(service, "endpoint-rule-set-1"),
            loader.load_data("partitions"),
        )
        found = rules.resolve_endpoint(
            Region=self._region,
            UseFIPS=bool(self._variable("use_fips_endpoint")),
            UseDualStack=bool(self._variable("use_dualstack_endpoint")),
        )
        return str(found.url)

    def _configured(self, service: str) -> str:
        """The address that the environment or the profile gives; empty when there is none."""
        if self._variable("ignore_configured_endpoint_urls"):
            return ""
        for name in (f"AWS_ENDPOINT_URL_{service.upper()}", "AWS_ENDPOINT_URL"):
            if self._environment.get(name):
                return self._environment[name]
        services = self._botocore_session.full_config.get("services", {})
        ours = services.get(self._profile.get("services", ""), {}).get(service, {})
        return str(ours.get("endpoint_url") or self._profile.get("endpoint_url") or "")
