"""The tables [[channel]] and [[route]]: who is told, and where."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field, SecretStr

from monitor.config.part import Duration, Name, Part


class SlackChannel(Part):
    """A Slack workspace, reached with a bot token."""

    name: Name
    kind: Literal["slack"]
    token: SecretStr
    base_url: str = "https://slack.com/api/"
    timeout: Duration = timedelta(seconds=10)


class ConsoleChannel(Part):
    """Prints messages to standard output: for demonstrations and trials."""

    name: Name
    kind: Literal["console"]


ChannelSettings = Annotated[SlackChannel | ConsoleChannel, Field(discriminator="kind")]
Audience = Literal["clerk", "leader", "office", "justice", "operator"]


class RouteSettings(Part):
    """Whose messages go where; the first route that fits department and audience wins.

    `department` is a department's code or `*`. `to` is `channel:destination`, where destination may
    hold {code}, {short_name} and {local_code} of the department.
    """

    department: str = "*"
    audience: tuple[Audience, ...]
    to: Annotated[str, Field(pattern=r"^[a-z0-9_-]+:.+$")]

    @property
    def channel(self) -> str:
        """Name of the channel."""
        return self.to.partition(":")[0]

    @property
    def destination(self) -> str:
        """What the channel is told, before the department is filled in."""
        return self.to.partition(":")[2]
