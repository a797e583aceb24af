"""A front end on another origin sends a scalp photo straight to where photos are kept, and shows it."""

import functools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.async_api import BrowserContext, expect

from tests.api.photographing import COMPLETE, CONSENT, CREATE, PHOTO, picture
from tests.browser.browsing import Heard
from tests.cli.serving import serving

pytestmark = pytest.mark.slow

PAGE = """<!doctype html>
<meta charset="utf-8"><title>A front end</title>
<input type="file" id="file"><p id="state"></p><img id="seen" alt="">
<script>
const say = text => { document.getElementById("state").textContent = text; };
async function ask(query, variables) {
  const answer = await fetch(SERVER + "/graphql", {
    method: "POST", headers: {"content-type": "application/json"}, body: JSON.stringify({query, variables}),
  });
  return (await answer.json()).data;
}
document.getElementById("file").addEventListener("change", async event => {
  const {createScalpPhotoUpload: made} = await ask(CREATE, {input: {consent: CONSENT}});
  const form = new FormData();
  for (const {name, value} of made.upload.fields) form.append(name, value);
  form.append(made.upload.fileField, event.target.files[0]);
  const {version, signature} = await (await fetch(made.upload.url, {method: "POST", body: form})).json();
  const receipt = {version: String(version), signature};
  await ask(COMPLETE, {input: {photoId: made.photo.id, accessToken: made.accessToken, receipt}});
  for (;;) {
    const {scalpPhoto: photo} = await ask(PHOTO, {id: made.photo.id, token: made.accessToken});
    say(photo.state);
    if (photo.state === "CHECKED") { document.getElementById("seen").src = photo.medium.url; return; }
    if (photo.state === "REJECTED") { return; }
  }
});
</script>
"""


@contextmanager
def front_end(folder: Path) -> Iterator[str]:
    """A web server of the front end's own, on another port: another origin."""
    handler = functools.partial(SimpleHTTPRequestHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


async def test_a_page_of_another_origin_sends_a_photo_and_shows_it(
    context: BrowserContext, heard: Heard, tmp_path: Path, pictures: Path
) -> None:
    (tmp_path / "scalp.jpg").write_bytes(picture(size=(2400, 1800)))
    folder = tmp_path / "page"
    folder.mkdir()
    with front_end(folder) as origin, serving(tmp_path / "data", TRAYA_CORS_ORIGINS=origin) as server:
        constants = {"SERVER": f"http://127.0.0.1:{server.port}", "CREATE": CREATE, "COMPLETE": COMPLETE}
        constants |= {"PHOTO": PHOTO}
        written = "".join(f"const {name} = {value!r};\n" for name, value in constants.items() if "\n" not in value)
        written += "".join(f"const {name} = `{value}`;\n" for name, value in constants.items() if "\n" in value)
        written += f'const CONSENT = {{isGiven: true, noticeVersion: "{CONSENT["noticeVersion"]}"}};\n'
        (folder / "index.html").write_text(PAGE.replace("<script>\n", f"<script>\n{written}"), encoding="utf-8")
        page = await context.new_page()
        await page.goto(f"{origin}/index.html")

        await page.set_input_files("#file", tmp_path / "scalp.jpg")

        await expect(page.locator("#state")).to_have_text("CHECKED", timeout=30_000)
        await expect(page.locator("#seen")).to_have_js_property("naturalWidth", 640, timeout=30_000)
        await page.screenshot(path=pictures / "photo.png")
        assert [error for error in heard.errors if "favicon" not in error] == []
