"""A tiny application that shows every part of the look, without a database or a person."""

import threading
from collections.abc import Iterator
from datetime import date, time
from pathlib import Path

import pytest
from flask import Flask, Response, flash, render_template
from flask_bootstrap import Bootstrap5
from flask_wtf.csrf import CSRFProtect
from jinja2 import ChoiceLoader, FileSystemLoader, StrictUndefined
from werkzeug.datastructures import MultiDict
from werkzeug.serving import make_server
from wtforms import (  # type: ignore[attr-defined]  # the stubs are of 3.2
    BooleanField,
    DateField,
    Form,
    IntegerField,
    RadioField,
    SelectChoice,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
    TimeField,
    ValidationError,
    validators,
    widgets,
)

from outreach import i18n

ROOT = Path(__file__).parents[3]
PAGES = Path(__file__).parent / "pages"
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
STATUSES = [
    ("settled", "Both speakers confirmed"),
    ("half", "One of two found"),
    ("waiting", "Waiting for an answer"),
    ("needs", "Nobody yet"),
    ("open", "Open"),
    ("paused", "Unit paused until December 14"),
    ("off", "Called off by the unit"),
]
NAVS = {
    "coordinator": ["Today", "Visits", "People", "Hospitals", "Messages", "Set-up"],
    "liaison": ["My units", "My hospital"],
    "speaker": ["My visits", "Open visits", "My times", "About me"],
    "public": [],
}
TYPED = {
    "room": "Day room",
    "how": "room",
    "unit": "4b",
    "until": "December 7",
    "day": "2026-11-27",
    "start": "18:00",
}
AUDIENCES = {
    "parts": "coordinator",
    "today": "coordinator",
    "visits": "coordinator",
    "visit": "coordinator",
    "ask": "liaison",
    "unit": "liaison",
    "home": "speaker",
    "answer": "public",
    "code": "public",
    "error": "public",
}


class Everything(Form):
    """One field of each kind that pages use."""

    size = IntegerField("Group size", default=12)
    room = StringField("Room", [validators.InputRequired("Tell us which room to come to")])
    who = SelectMultipleField(
        "Who may come",
        choices=[SelectChoice("adults", "Adults"), SelectChoice("teens", "Teenagers")],
        default=["adults"],
        option_widget=widgets.CheckboxInput(),
        widget=widgets.ListWidget(prefix_label=False),
    )
    how = RadioField(
        "How",
        choices=[SelectChoice("room", "In person"), SelectChoice("video", "By video")],
        default="room",
    )
    unit = SelectField("Unit", choices=[SelectChoice("4b", "Unit 4B"), SelectChoice("6", "Unit 6")])
    notes = TextAreaField("Anything the speakers should know")
    keep = BooleanField("Keep me signed in on this phone for 30 days")
    code = StringField("Code", default="1234 5678")
    until = SelectField(
        "Pause until", choices=[SelectChoice("December 7"), SelectChoice("December 14")]
    )
    often = RadioField(  # type: ignore[call-arg]  # the stubs are of 3.2
        "How often",
        choices=[SelectChoice("once", "Once"), SelectChoice("series", "A series")],
        invalid_choice_message="Choose how often",
    )
    day = DateField("Date", default=date(2026, 11, 27))
    start = TimeField("Start, Eastern Time", default=time(18))
    other = StringField("Another time that would also do")

    def validate_day(self, _field: DateField) -> None:
        """Refuse each date, to show the error."""
        raise ValidationError("Choose a date from Wednesday, December 2 on")


def build_weeks() -> list[list[dict[str, object]]]:
    """Lay out December 2026, with two visits on its first Tuesday and one outside."""
    visits = [
        {
            "kind": "settled",
            "words": "Both confirmed",
            "time": "10:00 AM",
            "place": "St. Clare",
            "href": "#",
            "second": "Unit 4B",
            "who": "Daniel and Maria",
            "mark": "",
        },
        {
            "kind": "needs",
            "words": "Nobody yet",
            "time": "1:00 PM",
            "place": "Mercy North",
            "href": "#",
            "second": "",
            "who": "",
            "mark": "We ask you",
        },
    ]
    days = [
        {
            "label": str(number) if number > 0 else f"Nov {30 + number}",
            "long": f"December {number}",
            "outside": number < 1,
            "today": number == 3,
            "visits": visits if number == 1 else visits[:1] if number == 0 else [],
        }
        for number in range(-1, 20)
    ]
    return [days[start : start + 7] for start in range(0, 21, 7)]


def build_app() -> Flask:
    """Make the application: one URL a page, with the headers and strictness of the real one."""
    app = Flask(
        "parts",
        static_folder=str(ROOT / "outreach/static"),
        template_folder=str(ROOT / "templates"),
    )
    app.config.update(SECRET_KEY="parts", BOOTSTRAP_SERVE_LOCAL=True)
    Bootstrap5(app)
    CSRFProtect(app)
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.install_gettext_callables(i18n.gettext, i18n.ngettext, newstyle=True)  # type: ignore[attr-defined]
    app.jinja_loader = ChoiceLoader(
        [FileSystemLoader(ROOT / "templates"), FileSystemLoader(PAGES.parent)]
    )
    for name in ("help", "privacy", "start"):
        app.add_url_rule(f"/{name}", f"public.{name}", lambda: "")
    app.add_url_rule("/<locale>/<page>", "page", show)
    app.after_request(guard)
    return app


def guard(response: Response) -> Response:
    """Set the policy every page of the real application has."""
    response.headers["Content-Security-Policy"] = CSP
    return response


def show(locale: str, page: str) -> str:
    """Render one page of parts as one audience sees it."""
    audience = AUDIENCES[page]
    if page == "today":
        flash("Sent. Maria has been asked.")
    nav = [
        {"label": label, "href": "#", "current": at == 0, "count": 6 if label == "Today" else None}
        for at, label in enumerate(NAVS[audience])
    ]
    form = Everything(MultiDict(TYPED) if page == "ask" else None)
    if page == "ask":
        form.validate()
        form.start.errors = ["Choose a start between 9:00 AM and 4:00 PM"]
    if page == "parts":
        form.room.errors = ["Tell us which room to come to"]
    signed_in = audience != "public"
    with i18n.speaking(locale):
        return render_template(
            "errors/error.html" if page == "error" else f"pages/{page}.html",
            audience=audience,
            locale=locale,
            service_name="Outreach",
            nav=nav,
            person_name="Ruth Adler" if signed_in else None,
            account_url="#" if signed_in else None,
            sign_out_url="#" if signed_in else None,
            language_switch={"label": "Español", "lang": "es", "action": "#"},
            form=form,
            statuses=STATUSES,
            weekdays=[
                (day, day + "day")
                for day in ("Sun", "Mon", "Tues", "Wednes", "Thurs", "Fri", "Satur")
            ],
            weeks=build_weeks(),
            visits=[
                (
                    "Tuesday, December 1",
                    "10:00 AM",
                    "St. Clare",
                    "Unit 4B",
                    "Daniel, Maria",
                    *STATUSES[0],
                    "Day sheet",
                ),
                (
                    "Wednesday, December 2",
                    "1:00 PM",
                    "St. Clare",
                    "Unit 6",
                    "Four asked",
                    *STATUSES[3],
                    "Find someone",
                ),
                (
                    "Tuesday, December 8",
                    "2:00 PM",
                    "Mercy North",
                    "Unit 2",
                    "Daniel",
                    *STATUSES[1],
                    "See who fits",
                ),
            ],
            people=[
                (
                    "Maria Benítez",
                    [
                        "Trained as co-presenter for this program",
                        "Free at that time, 9 minutes away",
                    ],
                ),
                (
                    "James Whitfield",
                    ["Trained as lead, can also co-present", "Last visit nine days ago"],
                ),
            ],
            heading="We could not save this",
            what_of_work="Nothing was changed, and what you typed is kept for an hour.",
            steps=["Wait a minute, then try again."],
            phone={"number": "+12165550142", "shown": "216-555-0142"},
            is_ours=True,
            reference="7KQ-204",
            again_url="#",
            start_url="/",
        )


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    """Serve the parts on loopback; yields the address."""
    server = make_server("127.0.0.1", 0, build_app(), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()
