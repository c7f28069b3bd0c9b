"""All settings of the program, from the environment or `.env`."""

from datetime import time

from pydantic import Field, model_validator
from pydantic_settings import SettingsConfigDict

from bot.settings import ChannelSettings, is_loopback
from bot.when import QuietHours
from referrals.settings import StoreSettings


class Settings(StoreSettings, ChannelSettings):
    """What `samleng` reads. A wrong value is refused at the start, without being quoted."""

    model_config = SettingsConfigDict(
        env_file=".env",
        extra="ignore",
        env_ignore_empty=True,
        hide_input_in_errors=True,
        populate_by_name=True,
    )

    host: str = Field(default="127.0.0.1", validation_alias="SAMLENG_HOST")
    port: int = Field(default=8000, ge=0, le=65535, validation_alias="SAMLENG_PORT")
    quiet_hours: str = Field(
        default="21-7",
        pattern=r"^([01]?\d|2[0-3])-([01]?\d|2[0-3])$",
        validation_alias="SAMLENG_QUIET_HOURS",
    )
    """Hours in Phnom Penh between which nothing is sent by itself; the same twice for never."""
    news_per_second: float = Field(
        default=5.0, gt=0, le=25, validation_alias="SAMLENG_NEWS_PER_SECOND"
    )
    """How fast news leaves. Telegram lets a bot send about 30 messages a second in all (its FAQ on
    broadcasting), and replies go first.
    """

    duty_minutes: float = Field(default=5.0, gt=0, le=120, validation_alias="SAMLENG_DUTY_MINUTES")
    """How long a duty person is waited for before the next one is called. Our working rule."""

    @property
    def quiet(self) -> QuietHours:
        """When nothing is sent by itself."""
        begin, end = (time(int(hour)) for hour in self.quiet_hours.split("-"))
        return QuietHours(begin, end)

    @property
    def real(self) -> bool:
        """Whether real people can reach this installation; then there is no demo."""
        tokens = self.telegram_bot_token or self.messenger_page_token
        return bool(tokens or self.public_url or not is_loopback(self._address(self.host)))

    @property
    def own_address(self) -> str:
        """Where this machine itself reaches the program."""
        every = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared, not bound
        return self._address(every.get(self.host, self.host))

    def _address(self, host: str) -> str:
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    @model_validator(mode="after")
    def _whole_platforms(self) -> "Settings":
        if self.telegram_bot_token and self.public_url and not self.telegram_webhook_secret:
            raise ValueError("TELEGRAM_WEBHOOK_SECRET is needed with SAMLENG_PUBLIC_URL")
        both = self.messenger_app_secret and self.messenger_verify_token
        if self.messenger_page_token and not both:
            raise ValueError(
                "MESSENGER_PAGE_TOKEN needs MESSENGER_APP_SECRET and MESSENGER_VERIFY_TOKEN"
            )
        return self

    @property
    def secure_cookies(self) -> bool:
        """Cookies over TLS only, except on one's own machine."""
        return self.public_url is not None
