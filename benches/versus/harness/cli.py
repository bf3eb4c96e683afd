"""The command: which servers, which scenarios, and where the results go."""

import argparse
import json
import shlex
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from harness import generator, machine, reference, table
from harness.result import QUICK, Sizes
from harness.scenarios import SCENARIOS, Bench

_ROOT = Path(__file__).resolve().parents[3]
_MEMORY_FILE_SYSTEMS = {"tmpfs", "ramfs"}


def main(arguments: Sequence[str]) -> int:
    """Runs the command; 1 means that a check failed, 2 that nothing could be measured."""
    options = _parser().parse_args(arguments)
    folder = options.work_folder or _ROOT / "build" / "versus"
    folder.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix="run-", dir=folder))
    try:
        if machine.file_system(work) in _MEMORY_FILE_SYSTEMS:
            _say(f"{folder} is not on a disk: durability would cost nothing there")
            return 2
        return _run(options, work)
    except (RuntimeError, reference.NoReferenceError) as error:
        _say(str(error))
        return 2
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _run(options: argparse.Namespace, work: Path) -> int:
    built = generator.build(_ROOT)
    sizes = QUICK if options.quick else Sizes()
    benches: dict[str, Bench] = {}
    version = ""
    if options.server in ("both", "reference"):
        program = reference.copy(options.reference or reference.find(_ROOT), work)
        version = reference.version(program)
        benches["reference"] = Bench([str(program)], built, sizes, work, _say)
    if options.server in ("both", "amp"):
        benches["amp"] = Bench(shlex.split(options.amp), built, sizes, work, _say)
    _measure(benches, sizes, options.only, options.soak_seconds)

    results = {name: bench.result for name, bench in benches.items()}
    rows = table.rows(sizes)
    text = table.markdown(rows, results.get("reference"), results.get("amp"), version)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    report = {
        "reference_version": version,
        "machine": machine.facts(work),
        "sizes": asdict(sizes),
        "results": {name: asdict(result) for name, result in results.items()},
    }
    options.output.write_text(json.dumps(report, indent=1) + "\n")
    print(text)
    problems = [
        f"{name}: {problem}" for name, result in results.items() for problem in result.problems
    ]
    for problem in problems:
        _say(problem)
    return 1 if problems else 0


def _measure(
    benches: dict[str, Bench], sizes: Sizes, only: Sequence[str], soak_seconds: float
) -> None:
    """Runs each scenario on one server after the other, so that both see the same machine."""
    for scenario, active, steps in _plan(sizes, only):
        for name, bench in benches.items():
            began = time.monotonic()
            if scenario == "stage":
                bench.stage(active, steps)
            elif scenario == "soak":
                bench.soak(soak_seconds)
            elif scenario in ("slack", "pagerduty"):
                bench.fanout(scenario)
            else:
                {"start": bench.start, "idle": bench.idle, "fanout": bench.fanout}[scenario]()
            title = f"{scenario} {active}" if active else scenario
            _say(f"{title}, {name}: {time.monotonic() - began:.0f} s")
    for bench in benches.values():
        figures = bench.result.figures
        for shape in ("slack", "pagerduty"):
            if shape in only and "fanout" in only:
                rates = figures["fanout_rate_firing"], figures[f"{shape}_rate_firing"]
                figures[f"{shape}_time"] = rates[0] / rates[1]
    if "growth" in only:
        for bench in benches.values():
            figures = bench.result.figures
            costs = [
                figures[f"cpu_per_alert_{active}"]
                for active in (*sizes.growth, sizes.small, sizes.large)
            ]
            figures["growth"] = max(costs) / figures[f"cpu_per_alert_{min(sizes.growth)}"]


def _plan(sizes: Sizes, only: Sequence[str]) -> list[tuple[str, int, set[str]]]:
    """Returns scenario, number of alerts and steps, in the order in which they run."""
    wanted = set(only)
    plan: list[tuple[str, int, set[str]]] = [
        (name, 0, set()) for name in ("start", "idle") if name in wanted
    ]
    for active, possible in (
        (sizes.small, {"posts", "memory", "latency", "gets", "growth"}),
        (sizes.large, {"posts", "memory", "gets", "growth"}),
        *((active, {"growth"}) for active in sizes.growth),
    ):
        if wanted & possible:
            plan.append(("stage", active, wanted & possible))
    bursts = [name for name in ("fanout", "slack", "pagerduty") if name in wanted]
    plan += [(name, 0, set()) for _ in range(sizes.rounds) for name in bursts]
    if "soak" in wanted:
        plan.append(("soak", 0, set()))
    return plan


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="benches/versus/run", description="Measures AMP and Alertmanager side by side."
    )
    parser.add_argument(
        "--server", choices=("both", "amp", "reference"), default="both", help="which to measure"
    )
    parser.add_argument(
        "--amp",
        default=str(_ROOT / ".venv" / "bin" / "alertmanager"),
        help="the command that starts AMP (default: the one of `make setup`)",
    )
    parser.add_argument(
        "--reference",
        type=Path,
        help="the Alertmanager program (default: in the folder AMP_ORACLE)",
    )
    parser.add_argument(
        "--only",
        type=_scenarios,
        default=list(SCENARIOS),
        help=f"comma-separated: {','.join(SCENARIOS)},soak (default: all but soak)",
    )
    parser.add_argument(
        "--quick", action="store_true", help="small numbers: a test, no measurement"
    )
    parser.add_argument("--soak-seconds", type=float, default=600.0, help="how long soak runs")
    parser.add_argument(
        "--work-folder",
        type=Path,
        help="storage folders go here, on a disk (default: build/versus)",
    )
    parser.add_argument(
        "--output",
        type=Path,
        default=_ROOT / "benches" / "versus" / "results" / "latest.json",
        help="where the JSON goes",
    )
    return parser


def _scenarios(text: str) -> list[str]:
    names = text.split(",")
    for name in names:
        if name not in (*SCENARIOS, "soak"):
            raise argparse.ArgumentTypeError(f"unknown scenario {name!r}")
    return names


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
