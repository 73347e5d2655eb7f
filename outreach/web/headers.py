"""What every answer tells the browser: nothing inline, nothing from outside (security.md)."""

from collections.abc import Mapping
from wsgiref.headers import Headers

from flask import Flask, Response, g, request

from outreach import access
from outreach.web import context

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; "  # Bootstrap's own icons are data: images in its stylesheet
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
PERMISSIONS = "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()"
ALWAYS: Mapping[str, str] = {
    "Content-Security-Policy": CSP,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": PERMISSIONS,
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
HSTS = "max-age=31536000; includeSubDomains"
FORGET = '"cache", "storage"'  # not "cookies": the goodbye itself travels in one


def init(app: Flask) -> None:
    """Put the headers on every answer of this application, errors included."""
    app.after_request(_add)


def add_static(headers: Headers, _path: str, _url: str) -> None:
    """Put the same headers on static files, which whitenoise serves before the application."""
    for name, value in ALWAYS.items():
        headers[name] = value


def _add(response: Response) -> Response:
    for name, value in ALWAYS.items():
        response.headers.setdefault(name, value)
    if context.config().is_https:
        response.headers["Strict-Transport-Security"] = HSTS
    if request.endpoint in access.BY_LINK:
        # The address is a secret: no page it leads to may learn it, no cache may keep it; only
        # a feed says itself that its reader alone may, so that "nothing new" can be answered.
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers.setdefault("Cache-Control", "no-store")
    is_private = g.get("signed_in") is not None or g.get("visitor") is not None
    if is_private or "signed_out" in g:
        response.headers["Cache-Control"] = "no-store"
    if "signed_out" in g:
        response.headers["Clear-Site-Data"] = FORGET
    return response
