"""The blueprint that every page module of the coordinator hangs its views on."""

from flask import Blueprint

bp = Blueprint("coordinator", __name__, url_prefix="/coordinator")
