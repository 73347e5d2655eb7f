"""The tick that removes data keys whose record never was."""

import io
import json
from datetime import timedelta

import time_machine

from outreach import jobs, logs
from outreach.wiring import Wiring
from tests import sealed_builders


def test_orphans_are_removed_and_counted_in_the_log(
    wired: Wiring, present: time_machine.Traveller
) -> None:
    sealed_builders.everything(wired.db, wired.vault)
    orphans = [wired.vault.new_key("never written") for _ in range(2)]
    present.shift(timedelta(hours=2))
    stream = io.StringIO()
    logs.configure(level="info", stream=stream)

    swept = jobs.sweep_keys(wired.db, wired.vault), jobs.sweep_keys(wired.db, wired.vault)

    (line,) = (json.loads(each) for each in stream.getvalue().splitlines())
    assert swept == (2, 0)
    assert (line["event"], line["count"]) == ("keys.swept", 2)
    assert [key for key in orphans if key in stream.getvalue()] == []
