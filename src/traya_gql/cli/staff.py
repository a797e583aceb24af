"""`traya-gql staff`."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from traya_gql.app import Storage, build_images, build_messages, build_services, prepare_storage
from traya_gql.cli.program import DataOption, app, faults_in_words, hold_database, out, settings_of, with_storage
from traya_gql.documents.customers import CustomerRecord
from traya_gql.domain.roles import Role

_MOST_STAFF_SHOWN = 1000

staff_app = typer.Typer(help="Who has which role. The first administrator is made here.", no_args_is_help=True)
app.add_typer(staff_app, name="staff")


@staff_app.command("invite")
def staff_invite(
    phone: Annotated[str, typer.Argument(help="The Indian mobile number that they sign in with.")],
    role: Annotated[list[Role], typer.Option("--role", help="What they shall be; may be repeated.")],
    data: DataOption = None,
) -> None:
    """Give roles to whoever signs in with this phone, besides those they have.

    Example: traya-gql staff invite 9876543210 --role ADMIN
    """
    with faults_in_words():
        settings = settings_of(data)

        async def work(storage: Storage) -> CustomerRecord:
            await prepare_storage(storage)
            services = build_services(
                settings, storage, messages=build_messages(settings), images=build_images(settings)
            )
            return await services.staff.invite(phone, role, by=None)

        with hold_database(settings):
            invited = asyncio.run(with_storage(settings, work))
        place = settings.data.absolute() if settings.mongodb_uri is None else "MONGODB_URI"
        out.print(f"{invited.phone} is {', '.join(invited.roles)} as soon as they sign in, or refresh their session.")
        out.print(f"This is in the database of {place}.", soft_wrap=True)


@staff_app.command("list")
def staff_list(data: DataOption = None) -> None:
    """Show who has a role besides CUSTOMER, the newest first."""
    with faults_in_words():
        settings = settings_of(data)

        async def work(storage: Storage) -> list[CustomerRecord]:
            await prepare_storage(storage)
            services = build_services(
                settings, storage, messages=build_messages(settings), images=build_images(settings)
            )
            return await services.staff.page(role=None, after=None, limit=_MOST_STAFF_SHOWN)

        with hold_database(settings):
            found = asyncio.run(with_storage(settings, work))
        table = Table("Phone", "Name", "Roles", "Signed in", title="Staff")
        for one in found:
            table.add_row(
                one.phone, Text(one.name or ""), ", ".join(one.roles), "yes" if one.verified_at else "not yet"
            )
        out.print(
            table if found else "There is no staff yet. Make the first: traya-gql staff invite PHONE --role ADMIN"
        )
