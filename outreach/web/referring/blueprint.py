"""The blueprint of the steps in which somebody is referred."""

from flask import Blueprint

bp = Blueprint("referring", __name__)
