from outreach.actor import ANONYMOUS, SYSTEM, Actor, Kind


def test_the_log_names_an_actor_by_kind_and_id() -> None:
    assert Actor(Kind.COORDINATOR, account_id=7, affiliate_id=1).label == "coordinator:7"
    assert Actor(Kind.LINK, speaker_id=3).label == "link:3"
    assert (SYSTEM.label, ANONYMOUS.label) == ("system", "anonymous")
