"""`outreach serves`: who receives a referral of somebody with a ZIP code."""

import json
import sys
from dataclasses import asdict

import click

from outreach import phone
from outreach.cli.main import main, opened
from outreach.directory import counties
from outreach.directory.counties import Area
from outreach.reads import serving
from outreach.reads.serving import Serving


@main.command()
@click.argument("zip_code", metavar="ZIP")
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
@click.pass_context
def serves(context: click.Context, zip_code: str, as_json: bool) -> None:  # noqa: FBT001 - a click flag
    r"""Say who serves a ZIP code: by county, then room, then distance.

    Exit 1 when nobody does; then the nearest are named all the same.

    \b
    Examples:
      outreach serves 60614
      outreach serves 60614 --json
    """
    area = counties.area(zip_code)
    with opened(context).db.reading() as session:
        rows = serving.serving_area(session, area)
    if as_json:
        click.echo(json.dumps(_as_json(area, rows), ensure_ascii=False, indent=2))
    else:
        _show(area, rows)
    sys.exit(0 if any(row.in_area for row in rows) else 1)


def _as_json(area: Area, rows: tuple[Serving, ...]) -> dict[str, object]:
    affiliates = [asdict(row) for row in rows]
    for affiliate in affiliates:
        del affiliate["affiliate_id"]
    return asdict(area) | {"affiliates": affiliates}


def _show(area: Area, rows: tuple[Serving, ...]) -> None:
    click.echo(f"{area.zip_code} is {area.city}, {area.state}, in {area.county}.")
    if area.oddity:
        click.echo(serving.ODDITIES[area.oddity])
    if not any(row.in_area for row in rows):
        click.echo("Nobody serves it." + (" The nearest:" if rows else ""))
    for number, row in enumerate(rows, 1):
        number_to_call = phone.display(row.phone) if row.phone else "no telephone"
        click.echo(f"{number}. {row.name}: {', '.join((*row.against, *row.reasons))}")
        click.echo(f"   {', '.join(filter(None, (row.person, number_to_call, row.email)))}")
