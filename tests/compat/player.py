"""Plays a story on the reference and on ours at the same time and keeps what each did.

A story is a YAML file: `config` (SINK stands for the webhook sink's host and port), `flags`,
`covers`, and `steps`. Both servers take each step together. The steps:

post: [alert…]      POST alerts; `starts` and `ends` are seconds from the step, `since` a start
                    counted from the first step, `labels`, `annotations`, `generatorURL`
notifications: n    wait until n deliveries were accepted since the story began
refused: n          wait until n deliveries were refused
quiet: s            wait s seconds
get: path           GET; the normalised answer is compared
silence: {…}        POST a silence; matchers as texts `a=b`, `starts`, `ends` from the step, `id`
expire: $1          DELETE a silence
reload: config      write the configuration and reload
sink: {path: status}  how the sink answers from now on; `{path: {delay: s}}` lets it hang
restart: TERM|KILL  end the process by that signal and start it again
metrics: [text…]    the lines of /metrics that begin with a text
"""

from __future__ import annotations

import contextlib
import datetime
import re
import signal
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from compat.normal import Words, seconds
from compat.servers import Server
from compat.sink import Sink

if TYPE_CHECKING:
    from collections.abc import Iterator

STORIES = Path(__file__).parent / "stories"
AT_ONCE = 6
PATIENCE_SECONDS = 30.0
STEP_PATIENCE_SECONDS = 90.0
SETTLE_SECONDS = 0.1
APART_SECONDS = 0.03
PLACE = re.compile(r" \([^()]*line \d+[^()]*\)$", re.MULTILINE)
"""Where a configuration is wrong: ours says so behind the reference's text."""
MATCHER = re.compile(r"^(?P<name>\w+)(?P<op>=~|!~|!=|=)(?P<value>.*)$")


@dataclass
class Story:
    """One story file."""

    name: str
    config: str
    steps: list[dict[str, Any]]
    covers: list[str]
    flags: list[str] = field(default_factory=list)
    differs: str | None = None
    skew_seconds: float = 0.0


def load(name: str) -> Story:
    """Reads `stories/<name>.yaml`."""
    content = yaml.safe_load((STORIES / f"{name}.yaml").read_text(encoding="utf-8"))
    return Story(name=name, **content)


def story_names() -> list[str]:
    """The names of all stories."""
    return sorted(path.stem for path in STORIES.glob("*.yaml"))


@dataclass(frozen=True)
class Told:
    """One delivery: seconds since the story began, the sink's answer, the normalised body."""

    after_seconds: float
    status: int
    body: dict[str, Any]


@dataclass
class Transcript:
    """What one server answered (by step), and what it sent (by path and group key)."""

    answers: list[Any] = field(default_factory=list)
    notifications: dict[str, list[Told]] = field(default_factory=dict)


@dataclass
class Performance:
    """A story's two transcripts, once they are there."""

    story: Story
    reference: Future[Transcript]
    ours: Future[Transcript]

    def transcripts(self) -> tuple[Transcript, Transcript]:
        """Both, the reference's first; of two failures the cause is raised."""
        failures = [one.exception() for one in (self.ours, self.reference)]
        for failure in failures:
            if failure is not None and not isinstance(failure, threading.BrokenBarrierError):
                raise failure
        return self.reference.result(), self.ours.result()


def just_before() -> datetime.datetime:
    """A moment that no server can take for its own now: some milliseconds ago, rounded."""
    now = datetime.datetime.now(datetime.UTC) - datetime.timedelta(milliseconds=5)
    return now.replace(microsecond=now.microsecond // 10_000 * 10_000)


class Clock:
    """The moments of the steps, the same for both servers."""

    def __init__(self, steps: int) -> None:
        self.barrier = threading.Barrier(2)
        self.lock = threading.Lock()
        self.moments: dict[int, datetime.datetime] = {}
        self.posted: set[str] = set()
        self.steps = steps

    def meet(self) -> None:
        """Waits for the other server.

        A moment that is posted now lies some milliseconds back: it must not be one that a server
        made in the step before.
        """
        self.barrier.wait(STEP_PATIENCE_SECONDS)
        time.sleep(APART_SECONDS)

    def stamp(self, step: int, offset: float, *, kept: bool = True) -> str:
        """The text of a moment so many seconds after the step began; `kept` in what is compared."""
        with self.lock:
            at = self.moments.setdefault(step, just_before()) + datetime.timedelta(seconds=offset)
            text = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
            if kept:
                self.posted.add(seconds(text))
            return text


class Actor:
    """Takes the steps on one server."""

    def __init__(self, server: Server, sink: Sink, clock: Clock, story: Story) -> None:
        self.server = server
        self.sink = sink
        self.clock = clock
        self.story = story
        self.words = Words(clock.posted)
        self.transcript = Transcript()

    def play(self) -> Transcript:
        """All steps, then the deliveries."""
        self.clock.meet()
        began = time.monotonic()
        for number, step in enumerate(self.story.steps):
            self.clock.meet()
            ((kind, argument),) = step.items()
            answer = getattr(self, f"step_{kind}")(number, argument)
            if answer is not None:
                self.transcript.answers.append([number, kind, self.words.value(answer)])
        time.sleep(SETTLE_SECONDS)
        self.clock.meet()
        self.transcript.notifications = self.told(began)
        return self.transcript

    def told(self, began: float) -> dict[str, list[Told]]:
        """The deliveries of each group and path in order; repeated failures count once."""
        found: dict[str, list[Told]] = {}
        for one in self.sink.deliveries:
            body = self.words.value(one.body)
            told = Told(one.at_seconds - began, one.status, body)
            group = found.setdefault(f"{one.path} {body['groupKey']}", [])
            again = group and (group[-1].status, group[-1].body) == (one.status, body)
            if one.status < 300 or not again:
                group.append(told)
        return found

    def text(self, config: str) -> str:
        """The configuration with the sink's address."""
        return config.replace("SINK", f"127.0.0.1:{self.sink.port}")

    def fill(self, text: str) -> str:
        """Puts the silences' ids into a text."""
        return re.sub(r"\$(\d)", lambda found: self.words.ids[int(found.group(1)) - 1], text)

    def step_post(self, number: int, alerts: list[dict[str, Any]]) -> Any:
        """POST of alerts."""
        body = []
        for alert in alerts:
            one = {key: alert[key] for key in alert if key not in ("starts", "since", "ends")}
            if "since" in alert:
                one["startsAt"] = self.clock.stamp(0, alert["since"])
            for key, name in (("starts", "startsAt"), ("ends", "endsAt")):
                if key in alert:
                    one[name] = self.clock.stamp(number, alert[key])
            body.append(one)
        answer = self.server.post("/api/v2/alerts", body)
        return [answer.status, answer.body]

    def step_notifications(self, _: int, count: int) -> Any:
        """Waits for accepted deliveries."""
        return self.sink.wait(count, PATIENCE_SECONDS)

    def step_refused(self, _: int, count: int) -> Any:
        """Waits for refused deliveries."""
        return self.sink.wait(count, PATIENCE_SECONDS, failed=True)

    def step_quiet(self, _: int, length: float) -> None:
        """Waits."""
        time.sleep(length)

    def step_get(self, _: int, path: str) -> Any:
        """GET of JSON."""
        time.sleep(SETTLE_SECONDS)
        answer = self.server.request("GET", self.fill(path))
        return [answer.status, answer.json() if answer.body else ""]

    def step_silence(self, number: int, silence: dict[str, Any]) -> Any:
        """POST of a silence."""
        matchers = []
        for text in silence["matchers"]:
            found = MATCHER.match(text)
            if found is None:
                raise ValueError(text)
            operator = found["op"]
            matchers.append(
                {
                    "name": found["name"],
                    "value": found["value"],
                    "isRegex": "~" in operator,
                    "isEqual": not operator.startswith("!"),
                }
            )
        starts = silence.get("starts", 0)
        body = {
            "matchers": matchers,
            "startsAt": self.clock.stamp(number, starts, kept=starts > 0),
            "endsAt": self.clock.stamp(number, silence["ends"]),
            "createdBy": "story",
            "comment": silence.get("comment", "c"),
        }
        if "id" in silence:
            body["id"] = self.fill(silence["id"])
            kept = self.server.request("GET", f"/api/v2/silence/{body['id']}").json()
            body["startsAt"] = kept["startsAt"]
        answer = self.server.post("/api/v2/silences", body)
        if answer.status == 200:
            self.words.learn(answer.json()["silenceID"])
        return [answer.status, answer.json()]

    def step_expire(self, _: int, silence_id: str) -> Any:
        """DELETE of a silence."""
        answer = self.server.request("DELETE", f"/api/v2/silence/{self.fill(silence_id)}")
        return [answer.status, answer.body]

    def step_reload(self, _: int, config: str) -> Any:
        """A new configuration."""
        self.server.write(self.text(config))
        answer = self.server.request("POST", "/-/reload")
        return [answer.status, PLACE.sub("", answer.body)]

    def step_sink(self, _: int, answers: dict[str, Any]) -> None:
        """Changes how the sink answers."""
        for path, how in answers.items():
            if isinstance(how, dict):
                self.sink.delays[path] = how["delay"]
            else:
                self.sink.statuses[path] = how

    def step_restart(self, _: int, name: str) -> None:
        """Ends and starts the process."""
        self.server.stop(signal.Signals[f"SIG{name}"])
        self.server.start()

    def step_metrics(self, _: int, starts: list[str]) -> Any:
        """Lines of the metrics."""
        time.sleep(SETTLE_SECONDS)
        lines = self.server.request("GET", "/metrics").body.splitlines()
        return sorted(line for line in lines if line.startswith(tuple(starts)))


def act(story: Story, binary: Path, folder: Path, clock: Clock) -> Transcript:
    """Plays the story on one server from start to stop."""
    try:
        with Sink() as sink:
            config = story.config.replace("SINK", f"127.0.0.1:{sink.port}")
            with Server(binary, folder, config, tuple(story.flags)) as server:
                return Actor(server, sink, clock, story).play()
    except BaseException:
        clock.barrier.abort()
        raise


@contextlib.contextmanager
def perform_all(
    names: list[str], reference: Path, ours: Path, folder: Path
) -> Iterator[dict[str, Performance]]:
    """Plays the stories, some at a time, in the background."""
    stories = [load(name) for name in names]
    with ThreadPoolExecutor(2 * AT_ONCE) as pool:
        found = {}
        for story in stories:
            name = story.name
            clock = Clock(len(story.steps))
            found[name] = Performance(
                story,
                pool.submit(act, story, reference, folder / name / "reference", clock),
                pool.submit(act, story, ours, folder / name / "ours", clock),
            )
        try:
            yield found
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
