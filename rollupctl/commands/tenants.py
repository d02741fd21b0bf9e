"""sites: names of tenants."""

from __future__ import annotations

import click

from rollupctl.connect import query, transaction
from rollupctl.errors import UsageError
from rollupctl.options import Settings, pass_settings, shared_options


@click.command()
@click.argument("site", required=False)
@click.option("--customer-id", type=int, metavar="N", help="The tenant whose name SITE becomes.")
@click.option("--name", metavar="TEXT", help="How the site is shown.  [default: as in SITE]")
@click.option(
    "--time-zone", metavar="ZONE", help="In which its days begin: Europe/Berlin.  [default: UTC]"
)
@shared_options
@pass_settings
def sites(
    settings: Settings,
    site: str | None,
    customer_id: int | None,
    name: str | None,
    time_zone: str | None,
) -> None:
    """Show all sites, after making or changing SITE.

    A site is the name of a tenant, such as a host. `rollupctl install --sites` creates their table.
    Without --customer-id a new site gets a number above 1,000,000,000. The number of a site never
    changes, because events have been stored with it.

    \b
    Example:
      rollupctl sites example.com --time-zone Europe/Berlin
      rollupctl sites shop.example.com --customer-id 42 --name 'The shop'
      rollupctl sites
    """
    if site is None and (customer_id, name, time_zone) != (None, None, None):
        raise UsageError("say which site", "rollupctl sites example.com --time-zone Europe/Berlin")
    with settings.connect() as session, transaction(session):
        (table,) = query(session, "select rollup.find_sites()::text as name").column("name")
        if site is not None:
            call = "select rollup.set_site(%s, %s::bigint, %s, %s)"
            query(session, call, site, customer_id, name, time_zone)
        listing = f"select slug, customer_id, name, time_zone from {table} order by slug"  # noqa: S608 -- a regclass
        settings.emit(query(session, listing))


COMMANDS = (sites,)
