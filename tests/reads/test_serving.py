"""Who serves a ZIP code: by county, then room, then distance, each with its reason in words."""

import pytest
from sqlalchemy.orm import Session

from outreach import i18n
from outreach.errors import RuleBroken
from outreach.reads.serving import serving
from tests.serving_builders import COOK, LAKE, receiver

IN_EVANSTON, IN_CICERO, IN_AURORA = "60201", "60804", "60505"


def test_who_has_room_comes_first_then_who_is_near(session: Session) -> None:
    receiver(session, "Full", capacity="no_capacity")
    receiver(session, "Waiting", capacity="waitlist")
    receiver(session, "Asking", capacity="additional_assessment_required")
    receiver(session, "Nowhere", zip_code=None)
    receiver(session, "Far", zip_code=IN_CICERO)
    receiver(session, "Near")
    receiver(session, "Elsewhere", counties=(LAKE,))
    receiver(session, "Silent", receives_referrals=False)

    found = serving(session, "60614")

    names = ["Near", "Far", "Nowhere", "Asking", "Waiting", "Full"]
    assert [each.name for each in found] == names
    assert all(each.in_area for each in found)
    assert [each.has_room for each in found] == [True] * 5 + [False]


def test_each_says_why_and_whom_to_call(session: Session) -> None:
    receiver(session, "Lakeside", zip_code=IN_EVANSTON, counties=(COOK, LAKE))
    receiver(session, "Full", capacity="no_capacity", intake_phone=None, intake_email=None)

    lakeside, full = serving(session, "60614-0001")

    assert lakeside.reasons == ("Serves Cook County", "Has room", "9 miles from 60614")
    assert (lakeside.person, lakeside.phone) == ("Gail of Lakeside", "+13125550123")
    assert lakeside.against == ()
    assert full.reasons == ("Serves Cook County", "Less than a mile from 60614")
    assert full.against == ("Takes nobody new at present",)
    assert (full.phone, full.email) == ("+13135550100", "bureau@lakeshore.example")


def test_where_nobody_serves_the_nearest_are_named_as_not_in_their_area(session: Session) -> None:
    receiver(session, "Detroit", counties=(("MI", "Wayne County"),), zip_code="48201")
    for name in ("Near", "Also near", "Third"):
        receiver(session, name, counties=(LAKE,), zip_code=IN_EVANSTON)

    found = serving(session, "60505")

    assert [each.name for each in found] == ["Also near", "Near", "Third"]
    assert {each.in_area for each in found} == {False}
    assert found[0].against == ("Kane County is not in its area",)


def test_without_any_affiliate_nobody_is_named(session: Session) -> None:
    assert serving(session, "60614") == ()


def test_the_reasons_are_in_the_language_spoken(session: Session) -> None:
    receiver(session, "Lakeside", zip_code=IN_EVANSTON)

    with i18n.speaking("es"):
        (lakeside,) = serving(session, "60614")

    assert lakeside.reasons == ("Atiende Cook County", "Tiene cupo", "A 9 millas de 60614")


def test_an_unknown_zip_code_names_its_field(session: Session) -> None:
    with pytest.raises(RuleBroken, match="no place") as caught:
        serving(session, "00000")

    assert caught.value.field == "zip_code"
