"""The blueprint of the speakers' pages."""

from flask import Blueprint

bp = Blueprint("speaker", __name__, url_prefix="/speaker")
