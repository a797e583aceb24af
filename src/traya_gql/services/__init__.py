"""What the business does: one room a feature, one method a use case, with its transaction."""

from __future__ import annotations

from dataclasses import dataclass

from traya_gql.services.access_tokens import AccessTokens
from traya_gql.services.catalogue import Catalogue
from traya_gql.services.coupons import Coupons
from traya_gql.services.customers import Customers
from traya_gql.services.delivery import Delivery
from traya_gql.services.hair_test_drafts import HairTestDrafts
from traya_gql.services.hair_tests import HairTests
from traya_gql.services.jobs import Jobs
from traya_gql.services.one_time_codes import OneTimeCodes
from traya_gql.services.orders import Orders
from traya_gql.services.prices import Prices
from traya_gql.services.products import Products
from traya_gql.services.reports import Reports
from traya_gql.services.revocations import Revocations
from traya_gql.services.scalp_photos import ScalpPhotos
from traya_gql.services.sessions import Sessions
from traya_gql.services.staff import Staff


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The rooms, built once for a process."""

    access_tokens: AccessTokens
    catalogue: Catalogue
    coupons: Coupons
    customers: Customers
    delivery: Delivery
    hair_test_drafts: HairTestDrafts
    hair_tests: HairTests
    jobs: Jobs
    one_time_codes: OneTimeCodes
    orders: Orders
    prices: Prices
    products: Products
    reports: Reports
    revocations: Revocations
    scalp_photos: ScalpPhotos
    sessions: Sessions
    staff: Staff
