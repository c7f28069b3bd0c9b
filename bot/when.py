"""Her day and her night: Cambodia and Thailand share a clock, Malaysia is one hour on."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Asia/Phnom_Penh")


def local_date(moment: datetime) -> date:
    """Give the day of a UTC moment, as a calendar in Phnom Penh shows it."""
    return moment.astimezone(ZONE).date()


@dataclass(frozen=True, slots=True)
class QuietHours:
    """When nothing is sent by itself: a phone that rings at night wakes others too.

    From `begin` to `end`, local time, over midnight; the same hour twice means never.
    """

    begin: time = time(21)
    end: time = time(7)

    def holds(self, moment: datetime) -> bool:
        """Say whether this UTC moment is in the quiet hours."""
        if self.begin == self.end:
            return False
        now = moment.astimezone(ZONE).time()
        if self.begin < self.end:
            return self.begin <= now < self.end
        return now >= self.begin or now < self.end

    def over_at(self, moment: datetime) -> datetime:
        """Give when the quiet hours around `moment` end; `moment` itself when it is in none."""
        if not self.holds(moment):
            return moment
        here = moment.astimezone(ZONE)
        end = here.replace(hour=self.end.hour, minute=self.end.minute, second=0, microsecond=0)
        return (end if end > here else end + timedelta(days=1)).astimezone(moment.tzinfo)
