"""The course of `make kube-play`."""

import tempfile
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from deploy.images.programs import require
from deploy.images.store import mounts_below, opened_above
from deploy.kube_play.backends import Backends, running_backends
from deploy.kube_play.errors import KubePlayError
from deploy.kube_play.manifests import Manifest, Manifests, Workload
from deploy.kube_play.pods import Podman
from deploy.kube_play.probes import Watch
from deploy.kube_play.transform import LOOPBACK, Pod, place, playable
from deploy.local.ports import Ports
from reelyard.cli.demo.clip import make_clip
from reelyard.cli.demo.flow import encode_clip
from reelyard.cli.demo.peers import Peers
from reelyard.cli.demo.rest import RestClient

#: Two nodes that encode, so that there is one to lose.
LEAST_REPLICAS: Mapping[str, int] = {"reelyard-encoder-cpu": 2}
_MIGRATE_S = 120.0
_READY_S = 180.0
#: What is asked ends before what it asks: else the end of a node would be told to nobody.
_LAST_TO_END = "reelyard-scheduler"
_LOG_TAIL = 3000

Say = Callable[[str], None]


@dataclass
class Playing:
    """What has been started."""

    podman: Podman
    patience: int = 1
    pods: dict[str, list[Pod]] = field(default_factory=dict)
    watches: dict[str, Watch] = field(default_factory=dict)

    def all_pods(self) -> list[Pod]:
        """Every pod."""
        return [pod for pods in self.pods.values() for pod in pods]


def play(overlay: Path, images: Path, output: Path, say: Say, *, patience: int = 1) -> None:
    """Run the overlay, send the demonstration's clip through it, end it, and see that nothing is left.

    Args:
        overlay: a folder with a kustomization.
        images: the store of `make images`.
        output: a folder for the files that come out.
        say: takes a line for a person.
        patience: by how much time-outs and allowed failures of probes are multiplied.

    Raises:
        KubePlayError: something is not as it should be.
        ImagesError: podman failed, or is missing.
        DemoError: the job failed.
    """
    require("podman", "runc", "conmon", "catatonit")
    manifests = Manifests.rendered(overlay)
    with opened_above(images) as store:
        folder = store.policy.parent
        with running_backends() as backends:
            say("RabbitMQ, PostgreSQL and an S3 server run outside of the pods")
            playing = Playing(Podman(store, common_objects(manifests, backends)), patience=patience)
            _play_all(playing, manifests, backends, output, say)
    if left := [*mounts_below(folder), *_processes_of(folder), *([folder] if folder.exists() else [])]:
        raise KubePlayError(f"left behind: {', '.join(map(str, left))}")
    say("nothing is left: no pod, volume, process, mount or folder")


def _play_all(playing: Playing, manifests: Manifests, backends: Backends, output: Path, say: Say) -> None:
    ports = Ports()
    playing.pods = place(manifests, LEAST_REPLICAS, ports.draw)
    with ExitStack() as stack:
        stack.callback(ports.release)
        stack.callback(_remove_all, playing.podman)
        try:
            for job in manifests.workloads("Job"):
                _run_job(playing.podman, job, manifests, say)
            _start(playing, manifests, say)
            _check_rights(playing, say)
            _send_job(playing, backends, output, say)
            failed = {name: watch.failure for name, watch in playing.watches.items() if watch.failure}
            if failed:
                raise KubePlayError(f"a kubelet would have restarted: {failed}")
        finally:
            for watch in playing.watches.values():
                watch.stop()
        _end(playing, say)


def common_objects(manifests: Manifests, backends: Backends) -> list[Manifest]:
    """The Secrets, and the ConfigMaps that pods refer to with what this machine changes of them."""
    workloads = [*manifests.workloads("Deployment"), *manifests.workloads("Job")]
    sources = [source for workload in workloads for source in workload.container.get("envFrom", [])]
    names = sorted({source["configMapRef"]["name"] for source in sources})
    maps: list[Manifest] = [
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": name},
            "data": manifests.config(name) | dict(backends.settings),
        }
        for name in names
    ]
    return maps + backends.secret_manifests()


def _run_job(podman: Podman, job: Workload, manifests: Manifests, say: Say) -> None:
    pod = Pod(name=job.name, workload=job, manifest={})
    podman.play(playable(pod, manifests, {}))
    status = podman.wait(pod.name, _MIGRATE_S)
    if status != 0:
        raise KubePlayError(f"the Job {job.name} ended with status {status}:\n{podman.log(pod.name)[-_LOG_TAIL:]}")
    say(f"the Job {job.name} has completed")


def _start(playing: Playing, manifests: Manifests, say: Say) -> None:
    """Play all pods in no order, as Kubernetes does, and wait until each is ready."""
    for pod in playing.all_pods():
        playing.podman.play(playable(pod, manifests, playing.pods))
        playing.watches[pod.name] = Watch(pod, playing.patience)
    for name, watch in playing.watches.items():
        try:
            watch.wait_ready(_READY_S * playing.patience, lambda name=name: playing.podman.running(name))  # type: ignore[misc]
        except KubePlayError as error:
            raise KubePlayError(f"{error}\n{playing.podman.log(name)[-_LOG_TAIL:]}") from error
    for name, pods in playing.pods.items():
        say(f"{name}: {len(pods)} ready")


def _check_rights(playing: Playing, say: Say) -> None:
    problems = {pod.name: playing.podman.rights_problem(pod.name) for pod in playing.all_pods()}
    if any(problems.values()):
        raise KubePlayError(f"pods may do more than their manifests say: {problems}")
    say("every process: user 10001, no capabilities, cannot gain rights, root is read-only")


def _send_job(playing: Playing, backends: Backends, output: Path, say: Say) -> None:
    (gateway, *_) = playing.pods["reelyard-gateway"]
    url = f"http://{LOOPBACK}:{gateway.ports[8080]}"
    output.mkdir(parents=True, exist_ok=True)
    say(f"sending the demonstration's clip through {gateway.name}")
    with tempfile.TemporaryDirectory(prefix="reelyard-kube-play-") as temporary:
        clip = Path(temporary) / "clip.mp4"
        make_clip(clip)
        with Peers(clip) as peers:
            client = RestClient(url, backends.api_key)
            try:
                encode_clip(Console(), client, peers, output)
            finally:
                client.close()


def _end(playing: Playing, say: Say) -> None:
    """End all pods as a deletion would, those at once that may go at once."""
    first = [pod for pod in playing.all_pods() if pod.workload.name != _LAST_TO_END]
    for group in (first, playing.pods[_LAST_TO_END]):
        with ThreadPoolExecutor(len(group)) as pool:
            ended = dict(zip((pod.name for pod in group), pool.map(playing.podman.end, group), strict=True))
        for name, (status, took_s) in ended.items():
            if status != 0:
                raise KubePlayError(f"{name} ended with status {status}:\n{playing.podman.log(name)[-_LOG_TAIL:]}")
            say(f"{name} ended with status 0, {took_s:.0f} s after it was asked to")


def _remove_all(podman: Podman) -> None:
    if left := podman.remove_all():
        raise KubePlayError(f"podman still lists {', '.join(left)}")


def _processes_of(folder: Path) -> list[str]:
    """Processes whose command line names the folder: podman's monitors and pauses do."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            words = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
        except OSError:  # it ended meanwhile
            continue
        if any(str(folder) in word for word in words):
            found.append(f"process {entry.name} ({words[0]})")
    return found
