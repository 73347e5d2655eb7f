import json
from pathlib import Path

import pytest

from tests.matching.random_problems import random_problem


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a problem, and neither a configuration nor a database."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "problem.json").write_text(json.dumps(random_problem(4, speakers=12, visits=14)))
    return tmp_path
