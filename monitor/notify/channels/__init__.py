"""The channels: one file a channel, opened by the settings.

A channel delivers one message to one destination. It raises DeliveryError where the message or
its destination will never be taken, and DeliveryUnavailableError where trying again can help;
neither carries a secret or the message's text.
"""

from collections.abc import Mapping
from typing import Any, Protocol

from monitor.config import ConsoleChannel, Settings, SlackChannel
from monitor.notify.channels import console, slack
from monitor.notify.message import Message


class Channel(Protocol):
    """One way to reach people."""

    def send(
        self, destination: str, message: Message, head: Mapping[str, Any] | None
    ) -> Mapping[str, Any]:
        """Deliver `message`; gives a receipt of JSON values.

        `head` is what an earlier receipt of the same department and month had under "head", where
        there was one: channels that know threads hang the message on it.
        """
        ...


def open_channels(settings: Settings) -> dict[str, Channel]:
    """The channels by name."""
    return {channel.name: _opened(channel) for channel in settings.channel}


def _opened(channel: SlackChannel | ConsoleChannel) -> Channel:
    if isinstance(channel, SlackChannel):
        return slack.Slack(channel)
    return console.ConsolePrinter()
