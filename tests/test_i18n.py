from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest

from outreach import i18n

STARTS_AT = datetime(2026, 12, 1, 15, 0, tzinfo=UTC)
ENDS_AT = datetime(2026, 12, 1, 16, 30, tzinfo=UTC)
DETROIT = "America/Detroit"

CATALOG = """
msgid ""
msgstr ""
"Language: es\\n"
"Content-Type: text/plain; charset=UTF-8\\n"
"Plural-Forms: nplurals=2; plural=n != 1;\\n"

msgid "Yes"
msgstr "Sí"

#, python-format
msgid "Thank you, %(name)s."
msgstr "Gracias, %(name)s."

#, python-format
msgid "%(num)s visit"
msgid_plural "%(num)s visits"
msgstr[0] "%(num)s visita"
msgstr[1] "%(num)s visitas"
"""


@pytest.fixture
def small_catalog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = tmp_path / "es"
    folder.mkdir()
    (folder / "base.po").write_text(CATALOG, "utf-8")
    monkeypatch.setattr(i18n, "CATALOGS", tmp_path)
    i18n._catalog.cache_clear()
    yield folder
    i18n._catalog.cache_clear()


def plain(text: str) -> str:
    return text.replace(i18n.NBSP, " ")


@pytest.mark.usefixtures("small_catalog")
def test_a_sentence_is_said_in_the_language_of_the_block() -> None:
    english = i18n.gettext("Thank you, %(name)s.", name="Ana")
    with i18n.speaking("es"):
        spanish = i18n.gettext("Thank you, %(name)s.", name="Ana")

    assert (english, spanish) == ("Thank you, Ana.", "Gracias, Ana.")
    assert i18n.locale() == "en"


@pytest.mark.usefixtures("small_catalog")
def test_a_sentence_nobody_translated_stays_english() -> None:
    with i18n.speaking("es"):
        assert i18n.gettext("No such sentence") == "No such sentence"


@pytest.mark.usefixtures("small_catalog")
def test_a_number_has_its_own_form() -> None:
    said = [i18n.ngettext("%(num)s visit", "%(num)s visits", count) for count in (0, 1, 2)]
    with i18n.speaking("es"):
        dicho = [i18n.ngettext("%(num)s visit", "%(num)s visits", count) for count in (0, 1, 2)]

    assert said == ["0 visits", "1 visit", "2 visits"]
    assert dicho == ["0 visitas", "1 visita", "2 visitas"]


def test_every_area_file_is_read(small_catalog: Path) -> None:
    (small_catalog / "speaker.po").write_text(
        CATALOG.replace('"Yes"', '"Not this time"').replace('"Sí"', '"Esta vez no"'), "utf-8"
    )

    with i18n.speaking("es"):
        assert i18n.gettext("Not this time") == "Esta vez no"
        assert i18n.gettext("Yes") == "Sí"


def test_a_language_we_do_not_speak_is_answered_in_english() -> None:
    with i18n.speaking("fr"):
        assert i18n.locale() == "en"


def test_blocks_nest_and_the_outer_language_comes_back() -> None:
    with i18n.speaking("es"):
        with i18n.speaking("en"):
            inner = i18n.locale()
        assert (inner, i18n.locale()) == ("en", "es")


def test_lazy_words_are_only_marked() -> None:
    with i18n.speaking("es"):
        assert i18n.lazy("Undo") == "Undo"


def test_days_are_said_as_people_write_them() -> None:
    day = date(2026, 12, 1)
    with i18n.speaking("es"):
        spanish = [i18n.day(day), i18n.day(day, year=True), i18n.day(day, weekday=False)]
        short = i18n.short_day(day)
        first = i18n.day(day, capital=True)

    assert [plain(text) for text in spanish] == [
        "martes 1 de diciembre",
        "martes 1 de diciembre de 2026",
        "1 de diciembre",
    ]
    assert plain(first) == "Martes 1 de diciembre"
    assert plain(i18n.day(day)) == "Tuesday, December 1"
    assert plain(i18n.day(day, year=True)) == "Tuesday, December 1, 2026"
    assert plain(i18n.day(STARTS_AT, weekday=False)) == "December 1"
    assert (plain(i18n.short_day(day)), plain(short)) == ("Tue, Dec 1", "mar, 1 de dic")


def test_a_month_and_its_day_stay_on_one_line() -> None:
    assert i18n.day(date(2026, 12, 1)) == f"Tuesday, December{i18n.NBSP}1"
    with i18n.speaking("es"):
        assert i18n.day(date(2026, 12, 1)).endswith(i18n.NBSP.join(["1", "de", "diciembre"]))


def test_an_instant_is_told_in_the_hospitals_zone_by_name() -> None:
    with i18n.speaking("es"):
        spanish = i18n.when(STARTS_AT, zone=DETROIT)

    assert plain(i18n.when(STARTS_AT, zone=DETROIT)) == "Tuesday, December 1, 10:00 AM Eastern Time"
    assert plain(spanish).startswith("martes 1 de diciembre, 10:00")
    assert spanish.endswith("hora del Este")


def test_an_instant_near_midnight_is_on_the_hospitals_day() -> None:
    late = datetime(2026, 12, 2, 3, 30, tzinfo=UTC)

    assert plain(i18n.when(late, zone=DETROIT)) == "Tuesday, December 1, 10:30 PM Eastern Time"


def test_a_span_names_its_zone_once() -> None:
    told = i18n.span(STARTS_AT, ENDS_AT, zone=DETROIT)
    over_noon = i18n.span(STARTS_AT, STARTS_AT + timedelta(hours=2), zone=DETROIT)
    with i18n.speaking("es"):
        spanish = i18n.span(STARTS_AT, ENDS_AT, zone=DETROIT)

    assert plain(told) == "10:00 to 11:30 AM Eastern Time"
    assert plain(over_noon) == "10:00 AM to 12:00 PM Eastern Time"
    assert plain(spanish) == "10:00 a 11:30 a.m., hora del Este"


def test_a_spanish_sentence_that_ends_with_an_hour_ends_once() -> None:
    with i18n.speaking("es"):
        told = i18n.gettext("Visiting hours: %(hours)s.", hours=i18n.clock_time(time(19, 15)))

    assert plain(told) == "Horario de visitas: 7:15 p.m."


def test_wall_time_is_said_without_a_zone() -> None:
    assert plain(i18n.clock_time(time(14, 0))) == "2:00 PM"


def test_a_short_date_carries_its_year() -> None:
    with i18n.speaking("es"):
        spanish = i18n.short_date(date(2026, 12, 1))

    assert (i18n.short_date(date(2026, 12, 1)), spanish) == ("Dec 1, 2026", "1 dic 2026")


def test_jinja_gets_the_same_catalog() -> None:
    assert i18n.catalog("es") is i18n.catalog("es")
    assert i18n.catalog("en").gettext("Undo") == "Undo"


@pytest.mark.parametrize(("count", "said"), [(0, "0"), (999, "999"), (2608, "2,608")])
def test_figures_are_grouped(count: int, said: str) -> None:
    assert i18n.figures(count) == said
