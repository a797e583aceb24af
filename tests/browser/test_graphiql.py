"""GraphiQL in a real browser that can reach this machine and nothing else."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, BrowserContext, Page, expect

from tests.browser.browsing import Heard, launched
from tests.cli.serving import serving

pytestmark = pytest.mark.slow

# What the server under test shows.
OPERATION = "FirstProducts"
IN_ANSWER = "Gentle Cleansing Shampoo"
FIELD, DESCRIPTION = "products", "The catalogue. Every combination of filter, search, sort key and direction"

# GraphiQL keeps its tabs half a second after the last key. Playwright's own waiting needs `eval`: the page forbids it.
UNTIL_KEPT = """text => new Promise(kept => {
  const look = () => localStorage["traya-gql:graphiql:tabState"]?.includes(text) ? kept() : setTimeout(look, 20);
  look();
})"""


@pytest.fixture(scope="module")
def server_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real server on a fresh database."""
    with serving(tmp_path_factory.mktemp("browser") / "data") as server:
        yield f"http://127.0.0.1:{server.port}"


async def open_graphiql(context: BrowserContext, server_url: str) -> Page:
    page = await context.new_page()
    await page.goto(f"{server_url}/graphql")
    await expect(page.locator(".graphiql-query-editor")).to_contain_text(f"query {OPERATION}")
    return page


async def test_the_default_query_runs_and_no_other_host_is_asked(
    context: BrowserContext, heard: Heard, server_url: str, pictures: Path
) -> None:
    page = await open_graphiql(context, server_url)

    await page.get_by_role("button", name="Execute query").click()

    await expect(page.locator(".graphiql-response")).to_contain_text(IN_ANSWER)
    await expect(page).to_have_title("traya-gql")
    for width, height in ((1280, 800), (800, 600)):
        await page.set_viewport_size({"width": width, "height": height})
        await page.screenshot(path=pictures / f"graphiql-{width}x{height}.png")
    assert heard.origins() == {server_url}
    assert heard.errors == []


async def test_the_explorer_shows_descriptions(
    context: BrowserContext, heard: Heard, server_url: str, pictures: Path
) -> None:
    page = await open_graphiql(context, server_url)

    await page.get_by_role("button", name="Show Documentation Explorer").click()
    explorer = page.locator(".graphiql-doc-explorer")
    await explorer.get_by_text("Query", exact=True).click()

    await expect(explorer).to_contain_text(FIELD)
    await expect(explorer).to_contain_text(DESCRIPTION)
    await page.screenshot(path=pictures / "graphiql-explorer.png")
    assert heard.errors == []


async def test_tabs_and_text_are_there_after_a_reload(context: BrowserContext, server_url: str) -> None:
    page = await open_graphiql(context, server_url)
    await page.get_by_role("button", name="Add tab").click()
    await page.locator(".graphiql-query-editor .CodeMirror").click()
    await page.keyboard.press("Control+A")
    await page.keyboard.insert_text("query Mine { __typename }")
    await expect(page.get_by_role("tab", name="Mine")).to_be_visible()
    await page.evaluate(UNTIL_KEPT, "query Mine")

    await page.reload()

    await expect(page.locator(".graphiql-query-editor")).to_contain_text("query Mine { __typename }")
    await expect(page.get_by_role("tab", name=OPERATION)).to_be_visible()


async def test_headers_typed_in_the_editor_are_sent(context: BrowserContext, server_url: str) -> None:
    page = await open_graphiql(context, server_url)
    await page.get_by_role("button", name="Headers").click()
    await page.locator(".graphiql-editor-tool .graphiql-editor:not(.hidden) .CodeMirror").click()
    await page.keyboard.insert_text('{"authorization": "Bearer made-up"}')

    async with page.expect_request(lambda request: f"query {OPERATION}" in (request.post_data or "")) as asked:
        await page.keyboard.press("Control+Enter")

    headers = await (await asked.value).all_headers()
    assert headers["authorization"] == "Bearer made-up"
    assert headers["accept"] == "application/graphql-response+json, application/json"


async def test_a_dark_system_gets_a_dark_page(browser: Browser, server_url: str, pictures: Path) -> None:
    async with await browser.new_context(color_scheme="dark") as context:
        page = await open_graphiql(context, server_url)

        background = "getComputedStyle(document.querySelector('.graphiql-container')).backgroundColor"
        red, green, blue = await page.evaluate(f"{background}.match(/[\\d.]+/g).slice(0, 3).map(Number)")

        await page.screenshot(path=pictures / "graphiql-dark.png")
        assert max(red, green, blue) < 80


async def test_the_page_may_not_reach_another_host_even_when_told_to(
    context: BrowserContext, heard: Heard, server_url: str
) -> None:
    page = await open_graphiql(context, server_url)

    reached = await page.evaluate("fetch('http://127.0.0.1:9/').then(() => 'reached', () => 'refused')")

    assert reached == "refused"
    assert "Content Security Policy" in heard.errors[0]


async def test_the_page_says_when_a_file_did_not_arrive(
    context: BrowserContext, server_url: str, pictures: Path
) -> None:
    page = await context.new_page()
    await page.route("**/graphiql.min.js", lambda route: route.abort())

    await page.goto(f"{server_url}/graphql")

    await expect(page.get_by_role("status")).to_contain_text("GraphiQL did not load")
    await page.screenshot(path=pictures / "graphiql-missing-file.png")


async def test_without_javascript_the_page_says_what_to_do(chromium: str, server_url: str, pictures: Path) -> None:
    async with launched(chromium, "--blink-settings=scriptEnabled=false") as browser:
        page = await browser.new_page()

        await page.goto(f"{server_url}/graphql")

        await page.screenshot(path=pictures / "graphiql-no-javascript.png")
        await expect(page.locator("noscript p")).to_be_visible()
        await expect(page.get_by_text("Loading GraphiQL")).to_be_hidden()
