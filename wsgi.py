"""The application for a WSGI server: `gunicorn wsgi:app`."""

from outreach import config, logs, migrations, wiring
from outreach.app import create_app

settings = config.load()
logs.configure(level=settings.log_level)
wired = wiring.build(settings)
migrations.prepare(wired.db, make=False)
app = create_app(wired)
