"""The blueprint of the steps in which somebody is referred."""

from typing import Any

from flask import Blueprint

from outreach.web.coordinator.paging import back_to
from outreach.web.referring import whose

bp = Blueprint("referring", __name__)


@bp.context_processor
def given() -> dict[str, Any]:
    """Give every page of the room its ways back, and a coordinator's page what it has at home."""
    return {"back_to": back_to, "list_url": whose.list_url(), "page_url": whose.page_url}
