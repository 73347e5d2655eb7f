"""The application for a WSGI server: `gunicorn wsgi:app`."""

from outreach import config, logs, migrations, wiring
from outreach.app import create_app, settle
from outreach.workflows import keys

settings = config.load()
logs.configure(level=settings.log_level)
wired = wiring.build(settings)
migrations.prepare(wired.db, make=False)
keys.refuse_without_keys(wired.db, wired.vault)
app = create_app(wired)
settle()
