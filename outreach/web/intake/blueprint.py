"""The blueprint of an affiliate's pages: for its accounts, and for helpers who came by a link."""

from flask import Blueprint

bp = Blueprint("intake", __name__, url_prefix="/intake")
