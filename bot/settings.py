"""What the channels need to know from the environment (or a `.env` file)."""

import re
from ipaddress import ip_address
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


def is_loopback(url: str) -> bool:
    """Tell whether `url` names this very machine (localhost, 127.0.0.0/8 or ::1)."""
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


class ChannelSettings(BaseSettings):
    """Tokens, secrets and addresses of Telegram and Messenger. A channel without a token is off.

    A wrong value raises pydantic's ValidationError, which never quotes the value.
    """

    model_config = SettingsConfigDict(
        env_file=".env", extra="ignore", env_ignore_empty=True, hide_input_in_errors=True
    )

    telegram_bot_token: SecretStr | None = None
    telegram_api_url: str = "https://api.telegram.org"
    telegram_webhook_secret: SecretStr | None = None

    messenger_page_token: SecretStr | None = None
    messenger_app_secret: SecretStr | None = None
    messenger_verify_token: SecretStr | None = None
    messenger_page_id: str | None = None
    """The Page served; asked of the Graph API when not set."""
    messenger_graph_url: str = "https://graph.facebook.com/v25.0"
    messenger_files_hosts: Annotated[tuple[str, ...], NoDecode] = ("fbcdn.net", "fbsbx.com")
    """Hosts (and all hosts below them) attachments may be fetched from; commas between."""

    @field_validator("telegram_bot_token")
    @classmethod
    def _token_has_its_shape(cls, token: SecretStr | None) -> SecretStr | None:
        if token and not re.fullmatch(r"\d+:[\w-]+", token.get_secret_value(), re.ASCII):
            raise ValueError("TELEGRAM_BOT_TOKEN is not of the form <digits>:<letters>")
        return token

    @field_validator("telegram_webhook_secret")
    @classmethod
    def _secret_is_allowed(cls, secret: SecretStr | None) -> SecretStr | None:
        # The Bot API allows these characters only, and refuses setWebhook otherwise.
        if secret and not re.fullmatch(r"[\w-]{1,256}", secret.get_secret_value(), re.ASCII):
            raise ValueError("TELEGRAM_WEBHOOK_SECRET: 1 to 256 of A-Z a-z 0-9 _ - only")
        return secret

    @field_validator("telegram_api_url", "messenger_graph_url")
    @classmethod
    def _tokens_travel_encrypted(cls, url: str) -> str:
        scheme = urlsplit(url).scheme
        if scheme != "https" and not (scheme == "http" and is_loopback(url)):
            raise ValueError("the address must be https (http only on this machine)")
        return url.rstrip("/")

    @field_validator("messenger_files_hosts", mode="before")
    @classmethod
    def _hosts_between_commas(cls, hosts: object) -> object:
        if isinstance(hosts, str):
            return tuple(host.strip().lower() for host in hosts.split(",") if host.strip())
        return hosts
