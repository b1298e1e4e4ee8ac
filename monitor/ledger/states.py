"""States (月度状态): where a department stands in a month, decided from what is known of it."""

from dataclasses import dataclass

from monitor.words import MonthState


@dataclass(frozen=True, slots=True)
class Position:
    """What decides a department's state: `blocked` says that something counts against it."""

    blocked: bool
    pending: bool
    measured: bool

    @property
    def zero(self) -> bool:
        """Whether nothing counts against it, and all that could was read."""
        return self.measured and not self.blocked


def judged(position: Position) -> MonthState:
    """The state at the close itself: this is what a seal holds."""
    if position.blocked:
        return MonthState.NOT_CLEARED
    if not position.measured:
        return MonthState.NO_DATA
    return MonthState.AWAITING_AUDIT if position.pending else MonthState.CLEARED_ON_TIME


def is_late(position: Position, is_sealed: bool, sealed: MonthState | None, was_late: bool) -> bool:
    """Whether something counted at the seal or counts after it; what was late once remains so."""
    if not is_sealed:
        return False
    at_seal = sealed in (MonthState.NOT_CLEARED, MonthState.NO_DATA)
    return at_seal or was_late or position.blocked


def current(position: Position, is_sealed: bool, late: bool) -> MonthState:
    """The state now.

    Until the month is sealed it is open: sources may still bring what was submitted in time. Who
    was not cleared at the seal or at any time after it can only be cleared late.
    """
    if not is_sealed:
        return MonthState.OPEN
    state = judged(position)
    if state is MonthState.CLEARED_ON_TIME and late:
        return MonthState.CLEARED_LATE
    return state
