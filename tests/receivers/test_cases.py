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
    for name, value in case.get("environment", {}).items():
        monkeypatch.setenv(name, value)
    with Service(tmp_path, case.get("answers", {})) as service:
        team = Team(casefile.configuration(case, service), clients)
        for step in case["steps"]:
            came = len(service.arrived)
            error = await team.tell(casefile.alerts(step))
            found = [casefile.request(one) for one in service.arrived[came:]]
            assert found == step["requests"]
            if error is None:
                assert step["error"] is None
                continue
            assert service.tidy(str(error)) == step.get("differs", step["error"])
            assert (error.retryable, error.reason) == (step["retry"], step["reason"])
