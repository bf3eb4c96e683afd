"""Every integration against what the reference sends in the same case (casefile.py)."""

from __future__ import annotations

import pytest

from receivers import casefile
from receivers.team import Team
from service import Service

FILES = sorted(casefile.CASES.glob("*.yaml"))
CASES = [
    pytest.param(case, id=f"{path.stem}: {case['name']}")
    for path in FILES
    for case in casefile.load(path)
]


@pytest.mark.parametrize("case", CASES)
async def test_as_the_reference(case, tmp_path, clients, monkeypatch):
    with Service(tmp_path, case.get("answers", {})) as service:
        variables = casefile.environment(case, service)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        clients.environment = variables
        team = Team(casefile.configuration(case, service), clients, casefile.own(case, service))
        for step in case["steps"]:
            came = len(service.arrived)
            error = await team.tell(casefile.alerts(step, service))
            again = step.get("repeated", False)
            found = [casefile.request(one, case, service) for one in service.arrived[came:]]
            assert found == step["requests"]
            if "logged" in step:
                assert team.warnings() == step["logged"]
            if error is None:
                assert step["error"] is None
                continue
            # What the reference's library tries again itself, ours leaves to the next attempt.
            assert error.retryable == (step["retry"] or again)
            if step["error"] is None:
                assert again
                continue
            assert service.tidy(str(error)) == step.get("differs", step["error"])
            assert error.reason == step.get("differs_reason", step["reason"])
