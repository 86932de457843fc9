"""Wait for a rollout, and say why one does not come to its end."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from components.errors import UserError
from components.model_deployer.contract import MODEL_LABEL
from pipelines.deploy.kubernetes_objects import DIGEST
from pipelines.deploy.kubernetes_state import condition, notes, rolled_out, seen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pipelines.deploy.kubernetes_api import Objects

    Document = dict[str, Any]

HOPELESS = {
    "CrashLoopBackOff",
    "CreateContainerConfigError",
    "CreateContainerError",
    "ErrImageNeverPull",
    "ErrImagePull",
    "ImageInspectError",
    "ImagePullBackOff",
    "InvalidImageName",
    "RunContainerError",
}
"""Reasons of a waiting container that time alone seldom mends."""

REVISION = "deployment.kubernetes.io/revision"
HASH = "pod-template-hash"
RESTARTS = 2
"""Containers that were started again that often are in trouble, even while they run."""


@dataclass(frozen=True)
class Rollout:
    """One Deployment on its way to a digest."""

    objects: Objects
    model: str
    digest: str
    patience_seconds: float
    """How long a trouble may last that time could mend."""
    limit_seconds: float
    """How long all of it may take."""
    poll_seconds: float
    tell: Callable[[str], None]

    def wait(self) -> None:
        """Return when every copy serves the digest and is ready; else raise why not."""
        began = time.monotonic()
        since: float | None = None
        said = ""
        while not rolled_out(live := self._live()):
            said = self._report(live, said)
            pods = self._pods(live)
            since = (since or time.monotonic()) if any(self._troubles(live, pods)) else None
            now = time.monotonic()
            lasting = since is not None and now - since >= self.patience_seconds
            if lasting or _stuck(live, now - began) or now - began > self.limit_seconds:
                raise UserError(f"{self._where}: {self._why(live, pods)}")
            time.sleep(self.poll_seconds)

    @property
    def _where(self) -> str:
        return f"namespace `{self.objects.namespace}`: Deployment `{self.model}`"

    def _live(self) -> Document:
        live = self.objects.get("Deployment", self.model)
        if live is None:
            raise UserError(f"{self._where}: was deleted meanwhile; deploy again")
        if notes(live).get(DIGEST) != self.digest:
            raise Overtaken(f"{self._where}: another deployment changed it meanwhile; deploy again")
        return live

    def _report(self, live: Document, said: str) -> str:
        status, wanted = live.get("status", {}), live["spec"]["replicas"]
        new = status.get("updatedReplicas", 0) if seen(live) else 0
        told = f"{self.model}: {new} of {wanted} new, {status.get('availableReplicas', 0)} available"
        if told != said:
            self.tell(told)
        return told

    def _pods(self, live: Document) -> list[Document]:
        """Return the pods of the present spec."""
        revision = notes(live).get(REVISION)
        sets = self.objects.find("ReplicaSet", labels=f"{MODEL_LABEL}={self.model}") if revision else []
        mine = [item for item in sets if notes(item).get(REVISION) == revision]
        if not mine:
            return []
        chosen = mine[0]["metadata"]["labels"][HASH]
        return self.objects.find("Pod", labels=f"{MODEL_LABEL}={self.model},{HASH}={chosen}")

    def _troubles(self, live: Document, pods: list[Document]) -> Iterator[str]:
        refused = condition(live, "ReplicaFailure")
        if refused.get("status") == "True":
            yield f"no pod can be made: {_line(refused.get('message', ''))}"
        for pod in pods:
            yield from (self._trouble(pod, container) for container in _containers(pod) if _in_trouble(container))
            if pod.get("status", {}).get("phase") == "Failed":
                said = pod["status"].get("message") or pod["status"].get("reason", "")
                yield f"{_name(pod)} has failed: {_line(said)}"

    def _why(self, live: Document, pods: list[Document]) -> str:
        """Return the reasons of a failure, each once; copies fail alike."""
        found = [*self._troubles(live, pods), *(self._waiting(pod) for pod in pods)]
        kept = [text for text in found if text][:2]
        return "; ".join(kept) or "no pod was made in time; is the cluster's controller manager running?"

    def _trouble(self, pod: Document, container: Document) -> str:
        """Say of a container why it does not run, with the end of its log."""
        waiting = container.get("state", {}).get("waiting", {})
        ended: Document = _terminated(container, "lastState") or _terminated(container, "state")
        reason = waiting.get("reason") or f"was started again {container.get('restartCount', 0)} times"
        log = self.objects.log(_name(pod), container["name"], previous=container.get("restartCount", 0) > 0)
        parts = [
            waiting.get("message", "") if not log else "",
            f"exit code {ended['exitCode']}" if "exitCode" in ended else "",
            f"log: {_line(log)}" if log else "",
        ]
        told = ", ".join(_line(part) for part in parts if part)
        return f"{_name(pod)}: `{container['name']}` {reason}" + (f" ({told})" if told else "")

    def _waiting(self, pod: Document) -> str:
        """Say of a pod without trouble what it waits for."""
        failed = pod.get("status", {}).get("phase") == "Failed"
        if failed or is_ready(pod) or any(_in_trouble(container) for container in _containers(pod)):
            return ""
        placed = condition(pod, "PodScheduled")
        if placed.get("status") == "False":
            return f"{_name(pod)} finds no node: {_line(placed.get('message', ''))}"
        log = self.objects.log(_name(pod), "server", previous=False)
        heard = [_line(event.get("message", "")) for event in self._warnings(pod)][-1:]
        heard += [f"log: {_line(log)}"] if log else []
        return f"{_name(pod)} does not answer as {self.digest[:19]}" + "".join(f"; {text}" for text in heard)

    def _warnings(self, pod: Document) -> list[Document]:
        found = self.objects.find("Event", fields=f"involvedObject.name={_name(pod)},type=Warning")
        return sorted(found, key=lambda event: str(event.get("lastTimestamp") or event.get("eventTime") or ""))


class Overtaken(UserError):  # noqa: N818 - a race that somebody else won
    """Somebody else deploys the same model: nothing may be put back."""


def is_ready(pod: Document) -> bool:
    """Return whether requests are sent to a pod."""
    return condition(pod, "Ready").get("status") == "True" and "deletionTimestamp" not in pod["metadata"]


def _stuck(live: Document, waited_seconds: float) -> bool:
    """Return whether the deadline of a spec has passed.

    Until something moves, a Deployment that was returned says of its present spec what was true of the one before.
    """
    passed = condition(live, "Progressing").get("reason") == "ProgressDeadlineExceeded"
    return seen(live) and passed and waited_seconds >= live["spec"]["progressDeadlineSeconds"]


def _containers(pod: Document) -> list[Document]:
    status = pod.get("status", {})
    return [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]


def _in_trouble(container: Document) -> bool:
    waiting = container.get("state", {}).get("waiting", {}).get("reason")
    return waiting in HOPELESS or (container.get("restartCount", 0) >= RESTARTS and not container.get("ready"))


def _terminated(container: Document, when: str) -> Document:
    return container.get(when, {}).get("terminated") or {}


def _name(pod: Document) -> str:
    return f"{pod['metadata']['name']}"


def _line(text: str) -> str:
    return " | ".join(line.strip() for line in text.strip().splitlines())[:500]
