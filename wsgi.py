"""The application for a WSGI server: `gunicorn wsgi:app`."""

from outreach import config, logs
from outreach.app import create_app, plain

settings = config.load()
logs.configure(level=settings.log_level)
app = create_app(plain(settings))
