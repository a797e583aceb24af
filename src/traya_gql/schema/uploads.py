from __future__ import annotations

from typing import Any, NoReturn

import strawberry
from strawberry.types.scalar import ScalarDefinition

from traya_gql.schema.common import BadUserInput
from traya_gql.services.uploads import UploadedFile

_SPECIFICATION = "https://github.com/jaydenseric/graphql-multipart-request-spec"
_NO_FILE = f"A file is sent with a multipart request; see {_SPECIFICATION}"


def parse_upload(value: Any) -> UploadedFile:
    """Return the file that the multipart request put in a variable's place.

    Raises:
        BadUserInput: it is anything that JSON or a query's text can hold.
    """
    if isinstance(value, UploadedFile):
        return value
    raise BadUserInput(_NO_FILE)


def refuse_output(_: object) -> NoReturn:
    """Show no file: `Upload` is for arguments alone."""
    raise BadUserInput("A file is never shown: `Upload` is for arguments alone.")


UPLOAD_SCALARS: dict[object, ScalarDefinition] = {
    UploadedFile: strawberry.scalar(
        name="Upload",
        description=(
            "A file, for arguments alone. It is sent with a `multipart/form-data` request that has the header"
            " `GraphQL-Require-Preflight` with any value: first the field `operations` with the JSON of the request,"
            " where a variable is null in the file's place; then `map`, such as"
            ' `{"0": ["variables.file"]}`; then the files, each in the field that `map` names. Pass the variable: no'
            " text, number or object will do. Servers that take no such requests answer them with status 415."
        ),
        specified_by_url=_SPECIFICATION,
        serialize=refuse_output,
        parse_value=parse_upload,
    ),
}
"""The scalar of files, apart from `SCALARS` for the rooms that take them."""
