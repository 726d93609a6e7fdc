"""The simulated cluster, event by event: machines that take minutes to start and may be lost, pods, and encodes."""

import heapq
import itertools
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from scheduler.domain.policy import DEFAULT_POLICY
from scheduler.domain.retry import decide_after_loss
from tests.bench.scaling.backlog import Backlog, Task
from tests.bench.scaling.load import Asked
from tests.bench.scaling.parameters import HOUR_S, Load, Machines, Measured

#: A pod does not keep all of its CPUs busy: the ends of an encode, and what one thread does alone.
PARALLEL = 0.85


@dataclass
class Machine:
    """A machine of the cluster."""

    began_s: float
    pod: "Pod | None" = None
    gone: bool = False
    leaving: bool = False
    idle_turn: int = 0


@dataclass
class Pod:
    """A node of ours on a machine of its own; with `once` it ends after one task."""

    name: str
    machine: Machine
    once: bool
    ready: bool = False
    draining: bool = False
    gone: bool = False
    task: Task | None = None
    began_s: float = 0.0
    turn: int = 0  # of the task; an event of an earlier turn is stale


@dataclass
class Totals:
    """What a day has cost. Seconds, but for the money."""

    busy_s: float = 0.0
    useful_s: float = 0.0
    lost_s: float = 0.0
    machine_s: float = 0.0
    losses: int = 0
    waits: list[float] = field(default_factory=list)
    order: list[int] = field(default_factory=list)  # jobs as they were first claimed
    series: list[tuple[float, int, int, float]] = field(default_factory=list)  # when, pods ready, waiting, media


class Fleet:
    """One cluster with one pool of CPU encoders. An autoscaler calls `scale_to` or `start_once`."""

    def __init__(
        self, load: Load, machines: Machines, measured: Measured, *, spot: bool, seed: int, idle_s: float = 60.0
    ) -> None:
        self.now = 0.0
        self.spot = spot
        self.machines_rules = machines
        self.totals = Totals()
        self.backlog = Backlog({number: weight for number, (weight, _) in enumerate(load.accounts)})
        self.pods: list[Pod] = []
        self.unfinished = 0
        self._measured = measured
        self._idle_s = idle_s
        self._machines: list[Machine] = []
        self._wanted: int | None = None
        self._chance = random.Random(seed)
        self._numbers = itertools.count(1)
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._turns = itertools.count()

    def after(self, seconds: float, call: Callable[[], None]) -> None:
        """Call it that much later."""
        heapq.heappush(self._events, (self.now + seconds, next(self._turns), call))

    def run(self, jobs: list[Asked], until_s: float) -> Totals:
        """Go through the day, and on until the last job has ended."""
        self.unfinished = len(jobs)
        for job in jobs:
            self.after(job.at_s, lambda job=job: self._ask(job))  # type: ignore[misc]
        while self._events and (self.unfinished or self.now < until_s):
            self.now, _, call = heapq.heappop(self._events)
            call()
        for machine in self._machines:
            self._end_machine(machine)
        return self.totals

    @property
    def backlog_media_s(self) -> float:
        """What `reelyard_queue_backlog_media_seconds` shows."""
        return self.backlog.media_s + sum(self._left(pod) for pod in self.pods)

    @property
    def open_tasks(self) -> int:
        """Tasks that wait, are queued or run."""
        return self.backlog.count + sum(pod.task is not None for pod in self.pods)

    def current(self) -> int:
        """The pods that a Deployment counts: neither ended nor told to."""
        return sum(not pod.draining for pod in self.pods)

    def ready(self) -> int:
        """The pods that can work."""
        return sum(pod.ready for pod in self.pods)

    def pending(self) -> int:
        """The pods that are on their way."""
        return sum(not pod.ready for pod in self.pods)

    def scale_to(self, wanted: int) -> None:
        """Have a Deployment of that many pods."""
        self._wanted = wanted
        self._reconcile()

    def start_once(self, count: int) -> None:
        """Start Jobs that do one task each."""
        for _ in range(count):
            self._start_pod(once=True)

    def encode_s(self, job: Asked) -> float:
        """How long a pod works at a job."""
        cpu_s = job.media_s * job.pixels * self._measured.cpu_s_per_media_s
        return cpu_s / (self.machines_rules.cpus * PARALLEL) + self._measured.fixed_s + self._measured.dispatch_s

    def _left(self, pod: Pod) -> float:
        if pod.task is None:
            return 0.0
        done = (self.now - pod.began_s) / pod.task.encode_s
        return pod.task.asked.media_s * max(0.0, 1 - done)

    def _ask(self, job: Asked) -> None:
        self.backlog.add(Task(asked=job, encode_s=self.encode_s(job)))
        self._dispatch()

    def _dispatch(self) -> None:
        live = [pod for pod in self.pods if pod.ready and not pod.draining and not (pod.once and pod.task)]
        running = Counter(pod.name for pod in live if pod.task is not None)
        self.backlog.dispatch([pod.name for pod in live], running, self.now)
        free = [pod for pod in live if pod.task is None]
        self._chance.shuffle(free)
        taken = False
        for pod in free:
            task = self.backlog.claim()
            if task is None:
                break
            taken = True
            self._begin(pod, task)
        if taken:
            self._dispatch()  # who runs gives room for a hint more

    def _begin(self, pod: Pod, task: Task) -> None:
        pod.task, pod.began_s = task, self.now
        pod.turn += 1
        if task.first_claim_s is None:
            task.first_claim_s = self.now
            self.totals.waits.append(self.now - task.asked.at_s)
            self.totals.order.append(task.asked.id)
        turn = pod.turn
        self.after(task.encode_s, lambda: self._finish(pod, turn))

    def _finish(self, pod: Pod, turn: int) -> None:
        if pod.gone or pod.turn != turn or pod.task is None:
            return
        task = self._put_down(pod)
        self.totals.useful_s += task.encode_s
        task.ended_s = self.now
        self.backlog.leave(task)
        self.unfinished -= 1
        if pod.draining or pod.once:
            self._end_pod(pod)
        self._dispatch()

    def _put_down(self, pod: Pod) -> Task:
        task = pod.task
        assert task is not None
        pod.task = None
        pod.turn += 1
        self.totals.busy_s += self.now - pod.began_s
        return task

    def _lose_task(self, pod: Pod, *, after_s: float) -> None:
        """The task of a pod that goes: back it waits, after the lease where nobody could hand it back."""
        if pod.task is None:
            return
        self.totals.lost_s += self.now - pod.began_s
        task = self._put_down(pod)
        self.backlog.leave(task)
        if after_s:
            task.losses += 1
            decided = decide_after_loss(losses=task.losses)
            assert decided is not None, "no task of this day is lost so often"
            after_s += decided.wait_ms / 1000
        self.after(after_s, lambda: self._come_back(task))

    def _come_back(self, task: Task) -> None:
        self.backlog.add(task)
        self._dispatch()

    # Pods and machines

    def _reconcile(self) -> None:
        if self._wanted is None:
            return
        for _ in range(self._wanted - self.current()):
            self._start_pod(once=False)
        while self.current() > self._wanted:
            victims = [pod for pod in self.pods if not pod.draining]
            # A ReplicaSet takes those first that are not ready; of the others it knows nothing, least that they work.
            waiting = [pod for pod in victims if not pod.ready]
            self._drain(self._chance.choice(waiting or victims), self.machines_rules.drain_s)

    def _start_pod(self, *, once: bool) -> None:
        rules = self.machines_rules
        machine = next((each for each in self._machines if each.pod is None and not (each.gone or each.leaving)), None)
        delay = rules.pod_start_s
        if machine is None:
            machine, delay = self._start_machine(), rules.start_s
        machine.idle_turn += 1
        pod = machine.pod = Pod(name=f"pod-{next(self._numbers)}", machine=machine, once=once)
        self.pods.append(pod)
        self.after(self._chance.uniform(*delay), lambda: self._become_ready(pod))

    def _become_ready(self, pod: Pod) -> None:
        if pod.gone:
            return
        pod.ready = True
        if pod.once:
            self.after(self._idle_s, lambda: self._end_if_idle(pod))
        self._dispatch()

    def _end_if_idle(self, pod: Pod) -> None:
        if not pod.gone and pod.task is None:
            self._end_pod(pod)

    def _drain(self, pod: Pod, seconds: float) -> None:
        """SIGTERM: no new task; the one that runs may end in time, else it is handed back."""
        pod.draining = True
        if pod.task is None:
            self._end_pod(pod)
            return
        turn = pod.turn

        def hand_back() -> None:
            if not pod.gone and pod.turn == turn:
                self._lose_task(pod, after_s=0.0)
                self._end_pod(pod)

        self.after(seconds, hand_back)

    def _end_pod(self, pod: Pod) -> None:
        pod.gone, pod.ready, pod.draining = True, False, True
        self.pods.remove(pod)
        machine = pod.machine
        machine.pod = None
        machine.idle_turn += 1
        turn = machine.idle_turn

        def give_up() -> None:
            if machine.pod is None and machine.idle_turn == turn:
                self._end_machine(machine)

        self.after(self.machines_rules.idle_s, give_up)
        self._reconcile()

    def _start_machine(self) -> Machine:
        machine = Machine(began_s=self.now)
        self._machines.append(machine)
        if self.spot:
            rate = self.machines_rules.spot_losses_per_hour / HOUR_S
            self.after(self._chance.expovariate(rate), lambda: self._take_away(machine))
        return machine

    def _take_away(self, machine: Machine) -> None:
        """The machine's owner wants it back: after a notice, or at once."""
        if machine.gone:
            return
        rules = self.machines_rules
        self.totals.losses += 1
        if self._chance.random() < rules.spot_without_notice:
            self._kill(machine)
            return
        machine.leaving = True
        if machine.pod is not None and not machine.pod.draining:
            self._drain(machine.pod, rules.spot_notice_s - rules.hand_back_s)
        self.after(rules.spot_notice_s, lambda: self._kill(machine))
        self._reconcile()

    def _kill(self, machine: Machine) -> None:
        if machine.gone:
            return
        self._end_machine(machine)
        if machine.pod is not None:
            self._lose_task(machine.pod, after_s=DEFAULT_POLICY.lease_ms / 1000)
            self._end_pod(machine.pod)

    def _end_machine(self, machine: Machine) -> None:
        if not machine.gone:
            machine.gone = True
            self.totals.machine_s += self.now - machine.began_s
