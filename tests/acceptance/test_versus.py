"""`benches/versus/run` in its quick form against the reference: counts and checks, no speeds."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NOTHING_MEASURED = 2


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [ROOT / "benches" / "versus" / "run", *arguments],
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
    )


def test_a_quick_run_of_the_reference_counts_and_checks_everything(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "out.json"
    done = run(
        *("--quick", "--server", "reference"),
        *("--only", "start,posts,gets,fanout,slack,pagerduty"),
        *("--output", str(output)),
    )
    if done.returncode == NOTHING_MEASURED and "no Alertmanager to measure" in done.stderr:
        with capsys.disabled():
            sys.stderr.write("\nversus did not run: no reference binary (AMP_ORACLE)\n")
        return
    assert done.returncode == 0, done.stderr
    report = json.loads(output.read_text())
    sizes = report["sizes"]
    result = report["results"]["reference"]
    assert result["problems"] == []
    raw = result["raw"]
    assert raw[f"cpu_per_new_alert_{sizes['small']}"][0]["alerts"] == sizes["small"]
    for name in ("get_all", "get_groups", "get_filter"):
        (asked,) = raw[f"{name}_{sizes['small']}"]
        assert asked["answers"] > 0
        assert asked["changes"] > 0
    waves = [
        f"{shape} {wave}"
        for shape in ("fanout", "slack", "pagerduty")
        for wave in ("firing", "resolved")
    ]
    for wave in waves:
        (came,) = [sink for sink in raw["sink"] if sink["of"] == wave]
        kind = wave.partition(" ")[2]
        assert came["notifications"] == came[kind] == came["groups"] == sizes["fanout"]
    assert "| start to ready |" in done.stdout


@pytest.mark.parametrize("only", ["", "posts,nothing"])
def test_an_unknown_scenario_is_refused(only: str) -> None:
    done = run("--only", only)
    assert done.returncode == NOTHING_MEASURED
    assert "unknown scenario" in done.stderr
