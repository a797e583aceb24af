"""What is written for people is true."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from starlette.applications import Starlette

from tests.support import EXAMPLES, GraphClient, example
from traya_gql import __version__
from traya_gql.domain.catalogue import catalogue
from traya_gql.domain.roles import Role
from traya_gql.settings import Settings

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def variables() -> dict[str, str]:
    return {
        str(field.validation_alias) if field.validation_alias else f"TRAYA_{name.upper()}": field.description or ""
        for name, field in Settings.model_fields.items()
    }


def variables_of(name: str) -> dict[str, Any]:
    """Return the variables that lie beside an example."""
    read: dict[str, Any] = json.loads((EXAMPLES / f"{name}.json").read_text(encoding="utf-8"))
    return read


def test_the_settings_table_holds_every_setting_with_its_description() -> None:
    table = dict(re.findall(r"^\| `([A-Z_]+)` \| .+ \| (.+) \|$", README, re.MULTILINE))

    assert table == variables()


def test_the_example_environment_holds_every_setting() -> None:
    text = (ROOT / ".env.example").read_text(encoding="utf-8")

    assert sorted(re.findall(r"^# ([A-Z_]+)=", text, re.MULTILINE)) == sorted(variables())


def first_query() -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what the README's first `curl` sends, and the answer that is shown below it."""
    sent = re.search(r"-d '(\{.+?\})'", README, re.DOTALL)
    assert sent is not None
    shown = re.search(r"^```json\n(.+?)\n```", README[sent.end() :], re.MULTILINE | re.DOTALL)
    assert shown is not None
    return json.loads(sent[1]), json.loads(shown[1])


async def test_the_readmes_query_gives_the_readmes_answer(client: GraphClient) -> None:
    asked, shown = first_query()

    answer = await client.ask(asked["query"], **asked.get("variables", {}))

    assert answer == shown
    assert len(answer["data"]["products"]["nodes"]) == 2


def test_the_readme_counts_the_products_of_the_catalogue() -> None:
    counted = re.findall(r"with (\d+) products", README)

    assert {int(number) for number in counted} <= {len(catalogue())}


async def test_the_readmes_mistake_gives_the_readmes_words(client: GraphClient) -> None:
    shown = json.loads(re.search(r"^\{\"data\":\{\"submitHairTest\".+?\n```", README, re.MULTILINE | re.DOTALL)[0][:-3])  # type: ignore[index]
    typed = variables_of("submit_hair_test")
    typed["input"]["customer"] |= {"phone": "12345", "age": 12}

    answer = (await client.data(example("submit_hair_test"), **typed))["submitHairTest"]

    assert answer["userErrors"] == shown["data"]["submitHairTest"]["userErrors"]


async def test_the_examples_run_with_their_variables(client: GraphClient) -> None:
    test, bought = variables_of("submit_hair_test"), variables_of("place_order")

    submitted = (await client.data(example("submit_hair_test"), **test))["submitHairTest"]
    opened = {"reportPublicId": submitted["report"]["publicId"], "reportAccessToken": submitted["accessToken"]}
    assert set(opened) <= set(bought["input"])
    asked = variables_of("price_preview")
    assert set(opened) <= set(asked["input"])
    asked["input"] |= opened
    price = (await client.data(example("price_preview"), **asked))["pricePreview"]["preview"]
    bought["input"] |= {
        **opened,
        "expectedTotal": price["pricing"]["total"]["amount"],
        "previewKey": price["previewKey"],
    }
    placed = (await client.data(example("place_order"), **bought))["placeOrder"]

    shared = (await client.data(example("report"), publicId=submitted["report"]["publicId"]))["report"]
    seen = (await client.data(example("order"), accessToken=placed["accessToken"]))["order"]

    assert (submitted["userErrors"], placed["userErrors"]) == ([], [])
    assert shared["firstName"] == "Asha"
    assert seen["number"] == placed["order"]["number"]
    # the person's own kit without what needs a prescription, and not the kit that everybody with the link sees
    assert [line["productName"] for line in seen["lines"]] == [
        item["product"]["name"] for item in submitted["report"]["kit"]["items"] if not item["needsPrescription"]
    ]


async def test_the_example_of_a_coupon_makes_one_that_customers_can_use(
    started: tuple[Starlette, GraphClient], client: GraphClient
) -> None:
    await started[0].state.services.staff.invite("9000000005", [Role.CATALOG_MANAGER], by=None)
    manager = await client.sign_in("9000000005")

    made = await client.data(example("create_coupon"), bearer=manager.access_token, **variables_of("create_coupon"))

    assert made["createCoupon"]["userErrors"] == []
    coupon = made["createCoupon"]["coupon"]
    assert coupon["isEnabled"] is True

    # the examples in a row, by a guest
    submitted = (await client.data(example("submit_hair_test"), **variables_of("submit_hair_test")))["submitHairTest"]
    wanted = {
        "reportPublicId": submitted["report"]["publicId"],
        "reportAccessToken": submitted["accessToken"],
        "couponCode": coupon["code"],
    }
    asked, bought = variables_of("price_preview")["input"], variables_of("place_order")["input"]
    price = (await client.data(example("price_preview"), input=asked | wanted))["pricePreview"]
    told = {
        "expectedTotal": price["preview"]["pricing"]["total"]["amount"],
        "previewKey": price["preview"]["previewKey"],
    }
    placed = (await client.data(example("place_order"), input=bought | wanted | told))["placeOrder"]
    seen = (await client.data(example("order"), accessToken=placed["accessToken"]))["order"]

    assert (price["userErrors"], placed["userErrors"]) == ([], [])
    assert seen["couponCode"] == coupon["code"]
    assert seen["pricing"]["couponDiscount"] == price["preview"]["pricing"]["couponDiscount"] != {"amount": "0.00"}

    disabled = await client.data(example("disable_coupon"), bearer=manager.access_token, id=coupon["id"])

    assert disabled["disableCoupon"]["userErrors"] == []
    assert disabled["disableCoupon"]["coupon"]["isEnabled"] is False

    change = variables_of("update_coupon") | {"id": coupon["id"]}
    change["input"]["expectedVersion"] = disabled["disableCoupon"]["coupon"]["version"]
    updated = await client.data(example("update_coupon"), bearer=manager.access_token, **change)
    listed = await client.data(example("coupons"), bearer=manager.access_token, isEnabled=False)

    assert updated["updateCoupon"]["userErrors"] == []
    assert updated["updateCoupon"]["coupon"]["maxDiscount"] == {"amount": "200.00"}
    assert [(one["code"], one["uses"], one["version"]) for one in listed["coupons"]["nodes"]] == [("WELCOME-10", 1, 3)]


async def test_the_examples_of_a_product_put_it_on_sale_change_it_and_take_it_off_the_shelf(
    started: tuple[Starlette, GraphClient], client: GraphClient
) -> None:
    await started[0].state.services.staff.invite("9000000005", [Role.CATALOG_MANAGER], by=None)
    bearer = (await client.sign_in("9000000005")).access_token

    made = await client.data(example("create_product"), bearer=bearer, **variables_of("create_product"))
    draft = made["createProduct"]["product"]
    published = await client.data(
        example("publish_product"), bearer=bearer, id=draft["id"], input={"expectedVersion": draft["version"]}
    )

    assert published["publishProduct"]["userErrors"] == []
    assert published["publishProduct"]["product"]["status"] == "PUBLISHED"

    change = variables_of("update_product") | {"id": draft["id"]}
    change["input"]["expectedVersion"] = published["publishProduct"]["product"]["version"]
    updated = (await client.data(example("update_product"), bearer=bearer, **change))["updateProduct"]
    prices = await client.data(example("product_prices"), bearer=bearer, productId=draft["id"])
    version = {"expectedVersion": updated["product"]["version"]}
    archived = await client.data(example("archive_product"), bearer=bearer, id=draft["id"], input=version)
    listed = await client.data(example("catalogue"), bearer=bearer, status="ARCHIVED", search="evening")

    assert updated["userErrors"] == archived["archiveProduct"]["userErrors"] == []
    assert [one["price"]["amount"] for one in prices["productPrices"]["nodes"]] == ["399.00", "425.00"]
    assert [one["product"]["id"] for one in listed["catalogue"]["nodes"]] == [draft["id"]]


async def test_the_examples_of_a_draft_run_one_after_the_other(client: GraphClient) -> None:
    typed = variables_of("save_hair_test_draft")

    saved = (await client.data(example("save_hair_test_draft"), **typed))["saveHairTestDraft"]
    read = (await client.data(example("hair_test_draft"), token=saved["draftToken"]))["hairTestDraft"]

    assert saved["userErrors"] == []
    assert (read["version"], read["age"], read["gender"]) == (1, typed["input"]["age"], typed["input"]["gender"])
    assert read["answers"] == typed["input"]["answers"]


@pytest.mark.parametrize(
    ("language", "title"),
    [
        ("EN", "Before you begin: how we use your answers"),
        ("HI", "शुरू करने से पहले: हम आपके जवाबों का उपयोग कैसे करते हैं"),
    ],
)
async def test_the_questionnaire_of_the_examples_is_in_the_language_that_was_asked_for(
    client: GraphClient, language: str, title: str
) -> None:
    shown = (await client.data(example("questionnaire"), language=language))["questionnaire"]

    assert shown["notice"]["title"] == title


async def test_the_examples_of_signing_in_run_one_after_the_other(client: GraphClient) -> None:
    test, asked, typed = (variables_of(name) for name in ("submit_hair_test", "request_otp", "verify_otp"))
    await client.data(example("submit_hair_test"), **test)

    requested = (await client.data(example("request_otp"), **asked))["requestOtp"]
    typed["input"] |= {"challenge": requested["challenge"], "code": (await client.sms.next_message()).text[:6]}
    signed_in = (await client.data(example("verify_otp"), **typed))["verifyOtp"]
    viewer = (await client.data(example("viewer"), bearer=signed_in["accessToken"]))["viewer"]

    assert viewer["customer"]["phone"] == "+919876543210"
    assert [record["kind"] for record in viewer["guestRecords"]] == ["HAIR_TEST"]


def test_every_link_of_the_documents_leads_somewhere() -> None:
    broken = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8"))
        if not (page.parent / target).exists()
    ]

    assert broken == []


def test_every_decision_is_listed() -> None:
    folder = ROOT / "docs" / "decisions"
    listed = re.findall(r"\]\((\d{4}-[\w-]+\.md)\)", (folder / "README.md").read_text(encoding="utf-8"))

    assert listed == sorted(path.name for path in folder.glob("0*.md"))
    for path in folder.glob("0*.md"):
        text = path.read_text(encoding="utf-8")
        assert re.search(r"Context", text), path.name
        assert re.search(r"Decision", text), path.name
        assert re.search(r"Alternatives", text), path.name


def test_versions_agree() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    assert project["version"] == __version__


def test_compose_and_dockerfile_hold_together() -> None:
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")

    assert set(compose["services"]["server"]["environment"]) <= set(variables())
    copied = [part for line in re.findall(r"^COPY (?!--)(.+)$", dockerfile, re.MULTILINE) for part in line.split()[:-1]]
    assert [part for part in copied if not (ROOT / part).exists()] == []
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8")
    assert [part for part in copied if f"!{part.split('/')[0]}" not in ignored] == []
    assert "embedded" not in (ROOT / "requirements" / "production.lock").read_text(encoding="utf-8")
    assert "fiftyone" not in (ROOT / "requirements" / "production.lock").read_text(encoding="utf-8")
