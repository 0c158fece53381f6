"""Whatever happens in whatever order while the VIP's address is gone: what Pacemaker hears is true.

Time, the kernel and Pacemaker's tools are of the test's own here, as no real ones could be had in
so many orders. HAKUBE_EXAMPLES=6000 tries harder.
"""

from unittest import mock

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from saltext_hakube.agents.ground.process import Ended
from saltext_hakube.agents.ground.rtnetlink import Address, Link
from saltext_hakube.agents.watch import address
from saltext_hakube.agents.watch.actions import Actions
from saltext_hakube.agents.watch.address import ABSENT, AGAIN, ASK, FRESH, Floating
from saltext_hakube.agents.watch.settings import Vip
from tests.unit.agents.test_cib import text
from tests.unit.agents.test_eyes import REFLEX

IP = "192.0.2.100"
STATES = ("2.1-running", "2.1-stopped", "2.1-stop-pending", "2.1-stop-failed")
TOLD = {"2.1-running": "--fail", "2.1-stop-failed": "--cleanup"}
CIBS = {name: text(name) for name in STATES}
SETTINGS = REFLEX._replace(hand_over=True, vip=Vip(IP, None, None), vip_resource="VIP-apiserver")
SLIGHT = 1e-6  # seconds: sums of floating point numbers


class Time:
    """As much of a loop as address.py has of it; and the clock that goes on while it sleeps."""

    def __init__(self):
        self.time, self.slept, self.timers = 100.0, 0.0, []

    def now(self):
        return self.time

    def clock(self):
        return self.time + self.slept

    def after(self, seconds, call):
        timer = mock.Mock(due=self.time + seconds, call=call, cancelled=False)
        timer.cancel = lambda: setattr(timer, "cancelled", True)
        self.timers.append(timer)
        return timer

    def next(self):
        """The timer that is due first."""
        self.timers = [one for one in self.timers if not one.cancelled]
        return min(self.timers, key=lambda one: one.due, default=None)

    def call(self, timer):
        self.timers.remove(timer)
        self.time = max(self.time, timer.due)
        timer.call()


class Kernel:
    """``has`` the address; ``told``: what was read of that; ``lost_at``: when a loss was read."""

    links = {1: Link("one", True)}  # noqa: RUF012
    sure = True

    def __init__(self, now):
        self.has = self.told = True
        self.changed, self.lost_at, self.now = None, None, now

    def __call__(self, _loop, changed):
        self.changed = changed
        return self

    def here(self, ip):
        return Address(ip, 1, 24) if self.told else None

    def interface(self, *_vip):
        return 1

    def read(self):
        if self.told is not self.has:
            self.told, self.lost_at = self.has, self.now()
            self.changed()


class Tool:
    """A program that runs. ``cib``: the state that it gives, as it was when it began."""

    def __init__(self, argv, done, deadline, cib, began):
        self.argv, self.done, self.deadline = argv, done, deadline
        self.cib, self.began, self.over = cib, began, False

    def cancel(self):
        self.over = True


class AnyCourse(RuleBasedStateMachine):
    @initialize()
    def begin(self):
        self.loop, self.pacemaker = Time(), "2.1-running"
        self.kernel = Kernel(self.loop.now)
        self.tools, self.told, self.muted = [], [], False
        self.patches = [
            mock.patch.object(address, "Network", self.kernel),
            mock.patch.object(address, "run", self.run_tool),
            mock.patch.object(address, "clock", self.loop.clock),
            mock.patch.object(address, "gave_up", lambda _path: self.muted),
            mock.patch.object(address, "say", lambda *_words: None),
            mock.patch("saltext_hakube.agents.watch.actions.say", lambda *_words: None),
        ]
        for one in self.patches:
            one.start()
        self.floating = Floating(self.loop, SETTINGS, Actions(), self.loop.now, lambda: None)

    def teardown(self):
        for one in getattr(self, "patches", ()):
            one.stop()

    def run_tool(self, _loop, argv, done, deadline):
        assert not self.running, "two programs at a time"
        tool = Tool(tuple(argv), done, deadline, self.pacemaker, self.loop.clock())
        if argv[0] == "crm_resource":
            self.is_true(tool)
            self.told.append(tool)
        else:
            self.asked = tool
        tool.at = self.loop.now()
        self.tools.append(tool)
        return tool

    @property
    def running(self):
        return [one for one in self.tools if not one.over]

    def is_true(self, tool):
        """What Pacemaker hears."""
        assert not self.kernel.has, "the address is here"
        assert not self.muted, "the guard gave it up"
        assert self.loop.now() - self.kernel.lost_at >= ABSENT - SLIGHT, (
            "it may be back in a moment"
        )
        asked = self.asked
        assert tool.argv[1] == TOLD[asked.cib]
        assert asked.at - self.kernel.lost_at >= ASK - SLIGHT, "asked before a stop would be there"
        assert self.loop.clock() - asked.began <= FRESH + SLIGHT, "it is old"

    @rule()
    def the_address_goes_or_comes(self):
        self.kernel.has = not self.kernel.has

    @rule()
    def it_goes_and_the_cib_is_asked_for(self):
        if self.kernel.has:
            self.the_address_goes_or_comes()
            self.go_on(self.loop.time + ASK)

    @rule(ends=st.booleans())
    def it_is_back_for_a_moment(self, ends):
        """``ends``: a program that ran then ends after it."""
        if self.kernel.has:
            return
        for has in (True, False):
            self.kernel.has = has
            self.go_on(self.loop.time + 0.01)
        if ends:
            self.a_program_ends_before_the_kernel_is_heard()

    @rule(state=st.sampled_from(STATES))
    def pacemaker_goes_on(self, state):
        self.pacemaker = state

    @rule(muted=st.booleans())
    def the_guard_speaks(self, muted):
        self.muted = muted

    @rule(seconds=st.sampled_from([0.01, 0.04, 0.05, 0.1, 0.15, 1.0, AGAIN, 60.0]))
    def time_goes_by(self, seconds):
        self.go_on(self.loop.time + seconds)

    def go_on(self, end):
        """As the loop does: what there is to read is read before each timer."""
        for _ in range(500):
            self.kernel.read()
            timer = self.loop.next()
            late = [one for one in self.running if one.at + one.deadline <= end]
            if late and (timer is None or late[0].at + late[0].deadline <= timer.due):
                self.loop.time = max(self.loop.time, late[0].at + late[0].deadline)
                self.ends(late[0], problem="had not ended")
            elif timer is not None and timer.due <= end:
                self.loop.call(timer)
            else:
                break
        else:
            raise AssertionError("it never rests")
        self.loop.time = max(self.loop.time, end)

    @rule(seconds=st.sampled_from([0.3, 2.0, 30.0]), machine=st.booleans())
    def the_daemon_or_the_machine_is_stopped(self, seconds, machine):
        if machine:
            self.loop.slept += seconds
        else:
            self.loop.time += seconds

    @rule(
        well=st.sampled_from([True, True, True, False]), seconds=st.sampled_from([0.0, 0.05, 0.3])
    )
    def a_program_ends(self, well, seconds):
        if not self.running:
            return
        self.go_on(self.loop.time + seconds)
        for tool in self.running[:1]:
            self.kernel.read()  # the loop may have read it in the same turn, or not
            if not tool.over:
                self.ends(tool, problem="" if well else "no cluster")

    @rule()
    def a_program_ends_before_the_kernel_is_heard(self):
        for tool in self.running[:1]:
            self.ends(tool, problem="")

    def ends(self, tool, problem):
        tool.over = True
        output = CIBS[tool.cib] if tool.argv[0] == "cibadmin" and not problem else ""
        tool.done(Ended(tool.argv, None if problem else 0, output, "", problem))

    @rule()
    def all_is_well_with_pacemaker_and_the_address_stays_away(self):
        """Then Pacemaker hears of it, and not much later."""
        if self.kernel.has:
            self.the_address_goes_or_comes()
        self.pacemaker, self.muted = "2.1-running", False
        for tool in self.running:
            self.ends(tool, problem="")
        count, end = len(self.told), self.loop.time + 65
        while self.loop.time < end and len(self.told) == count:
            self.go_on(self.loop.time + 0.05)
            for tool in self.running:
                self.ends(tool, problem="")
        assert len(self.told) > count, "nobody tells Pacemaker"

    @invariant()
    def who_waits_has_a_reason_to_end(self):
        if getattr(self, "floating", None) is None or self.kernel.told:
            return
        assert self.running or self.loop.next() is not None, "it will never look again"


AnyCourse.TestCase.settings = settings(
    max_examples=max(200, settings().max_examples), stateful_step_count=30, deadline=None
)
TestAnyCourse = AnyCourse.TestCase
