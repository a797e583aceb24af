"""What the business does: one room a feature, one method a use case, with its transaction."""

from __future__ import annotations

from dataclasses import dataclass

from traya_gql.services.access_tokens import AccessTokens
from traya_gql.services.hair_tests import HairTests
from traya_gql.services.orders import Orders
from traya_gql.services.products import Products


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The rooms, built once for a process."""

    access_tokens: AccessTokens
    hair_tests: HairTests
    orders: Orders
    products: Products
