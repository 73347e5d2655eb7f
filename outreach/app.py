"""The web application: every blueprint, the template engine, and what guards the edge."""

import gc
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path

import waitress
from flask import Flask, g, request
from flask_bootstrap import Bootstrap5
from flask_compress import Compress
from flask_wtf.csrf import CSRFProtect
from jinja2 import ChoiceLoader, FileSystemLoader
from sqlalchemy.exc import DBAPIError
from werkzeug.exceptions import Forbidden
from werkzeug.middleware.proxy_fix import ProxyFix

from outreach import access, crypto, i18n, logs
from outreach.accounts import service as accounts
from outreach.config import Config
from outreach.web import assets, auth, context, errors, frame, headers

PACKAGE = Path(__file__).parent

BLUEPRINTS = (
    "auth",
    "second_factor",
    "account",
    "public",
    "after_visit",
    "ending",
    "door",
    "intake",
    "liaison",
    "referring",
    "speaker",
    "coordinator",
    "serving",
    "stop",
    "no_notes",
    "undo",
    "feeds",
    "hooks",
    "mail_hook",
    "health",
)
"""Modules of `outreach.web`, each with its `bp`."""

DEMO_BLUEPRINTS = ("demo_sign_in", "demo")
"""Registered only in a database that `outreach demo` made."""

MAX_BODY = 5 * 1024 * 1024
"""A spreadsheet of a few ten thousand rows is under 5 MiB."""
MAX_FORM = 256 * 1024
MAX_PARTS = 1000
THREADS = 8
SIGN_IN_TAKES_S = 0.3
"""Longer than writing a code and its mail takes, so that a known address shows no difference."""

_log = logs.get(__name__)


def create_app(wired: context.Wired) -> Flask:
    """Build the application on what `wiring.build` made.

    Raises:
        RuntimeError: a route is neither guarded by @requires nor on a reviewed list.
    """
    app = Flask("outreach", root_path=str(PACKAGE), static_folder="static", template_folder=None)
    app.extensions[context.EXTENSION] = wired
    app.jinja_loader = _templates()
    app.config.update(_flask_settings(wired.config))
    frame.init(app)
    Bootstrap5(app)
    Compress(app)
    errors.init(app)
    headers.init(app)
    _guard(app)
    _speak(app)
    _register(app)
    assets.init(app)
    _trust_proxies(app, wired.config)
    auth.refuse_unguarded(app)
    return app


def serve(app: Flask, *, host: str, port: int) -> None:
    """Serve the application with waitress until the process is stopped."""
    settle()
    wired: context.Wired = app.extensions[context.EXTENSION]
    waitress.serve(
        app,
        host=host,
        port=port,
        threads=THREADS,
        ident=None,
        max_request_body_size=MAX_BODY,
        # It would take away what ProxyFix, where configured, is there to read.
        clear_untrusted_proxy_headers=not wired.config.proxy_count,
    )


def settle() -> None:
    """Let the garbage collector pass over what lives as long as the process: modules, routes.

    A full collection looks at all of it, some 150 ms at every third page of a visit.
    """
    gc.collect()
    gc.freeze()


def _templates() -> ChoiceLoader:
    """Find templates in the package, where the wheel puts them, else beside it."""
    return ChoiceLoader(
        [
            FileSystemLoader(PACKAGE / "templates"),
            FileSystemLoader(PACKAGE.parent / "templates"),
        ]
    )


def _flask_settings(config: Config) -> dict[str, object]:
    return {
        "SECRET_KEY": crypto.derive(config.key(), "flask"),
        "SESSION_COOKIE_NAME": "__Host-form" if config.is_https else "form",
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_SECURE": config.is_https,
        "TRUSTED_HOSTS": [config.host, *config.trusted_hosts] if config.trusted_hosts else None,
        "MAX_CONTENT_LENGTH": MAX_BODY,
        "MAX_FORM_MEMORY_SIZE": MAX_FORM,
        "MAX_FORM_PARTS": MAX_PARTS,
        "BOOTSTRAP_SERVE_LOCAL": True,
        "COMPRESS_ALGORITHM": ["gzip"],
        # The library's own list knows no calendar files, which shrink to a twentieth.
        "COMPRESS_MIMETYPES": ["text/html", "text/plain", "text/calendar", "application/json"],
        "COMPRESS_STREAMS": False,
        # A form may lie open over lunch; its token dies with the browser's session instead.
        "WTF_CSRF_TIME_LIMIT": None,
        # We look at Sec-Fetch-Site, which needs no referrer and is sent over http as well.
        "WTF_CSRF_SSL_STRICT": False,
        "WTF_CSRF_CHECK_DEFAULT": False,
        "SIGN_IN_TAKES_S": SIGN_IN_TAKES_S,
    }


def _guard(app: Flask) -> None:
    """Check every POST for size, and for forgery where no address or signature is the authority."""
    forgery = CSRFProtect(app)

    @app.before_request
    def limit_forms() -> None:
        # Werkzeug's own limit for forms looks at multipart bodies only.
        if request.mimetype != "multipart/form-data":
            request.max_content_length = MAX_FORM

    @app.before_request
    def refuse_forgery() -> None:
        free = (access.BY_LINK - access.WITH_FORM_TOKEN) | access.HOOKS
        if request.endpoint in free or request.endpoint is None:
            return
        if request.method == "POST" and request.headers.get("Sec-Fetch-Site") == "cross-site":
            raise Forbidden
        forgery.protect()


def _speak(app: Flask) -> None:
    """Answer each request in its language."""

    @app.before_request
    def begin() -> None:
        g.speaking = ExitStack()
        g.speaking.enter_context(i18n.speaking(context.choose_locale()))

    @app.teardown_request
    def end(_error: BaseException | None) -> None:
        if "speaking" in g:
            g.speaking.close()


def _register(app: Flask) -> None:
    names = BLUEPRINTS + (DEMO_BLUEPRINTS if _is_demo(app) else ())
    for name in names:
        app.register_blueprint(import_module(f"outreach.web.{name}").bp)


def _is_demo(app: Flask) -> bool:
    """Say whether the demo made the database; one that is away or empty has no such doors."""
    wired: context.Wired = app.extensions[context.EXTENSION]
    try:
        with wired.db.reading() as session:
            return accounts.is_demo(session)
    except DBAPIError:
        _log.warning("database unavailable at start")
        return False


def _trust_proxies(app: Flask, config: Config) -> None:
    if config.proxy_count:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign] # the way Flask documents
            app.wsgi_app,
            x_for=config.proxy_count,
            x_proto=config.proxy_count,
            x_host=config.proxy_count,
        )
