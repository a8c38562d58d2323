"""POST /api/report: one file that tells all, and neither loads nor runs anything."""

import base64
import io
import re
import shutil
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from heat_maps import spot_model, spotted, working
from PIL import Image, PngImagePlugin
from scenes import INPUT, encoded, face, plant, shaded
from service_factories import card_for, picture, predict, prepare, ready_client, settings_for

from app.core.settings import Settings
from detection_model.card import Card, Member, file_sha256, write_card

SPOT = spotted()
BLACK, WHITE = picture(0), picture(255)
NASTY = '"><script>alert(1)</script><img src=//evil.example/x onerror=alert(2)>'
# Of the page: the rest would load, run or send something.
_TAGS = (
    "html head meta title style body header h1 p main section figure span img figcaption div "
    "i u b h3 ul li h2 dl dt dd bdi code table caption thead tr th tbody td footer"
)
TAGS = set(_TAGS.split())


@pytest.fixture(scope="module")
def mounted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`spots` of whole pictures, `faces` of faces, and `both`, an ensemble."""
    home = tmp_path_factory.mktemp("reports")
    spots = spot_model(home / "models" / "spots.keras")
    failures = ("Blurred pictures.",)
    card_for(spots, known_failures=failures, threshold={"value": 0.4, "chosen": "for this test"})
    card_for(Path(shutil.copy(spots, home / "models" / "faces.keras")), input=INPUT)
    member = Member(name="spots", sha256=file_sha256(spots), weight=1)
    ensemble = Card(name="both", kind="ensemble", members=[member], input=INPUT)
    write_card(ensemble, home / "models" / "both.json")
    prepare(home / "models", home / "cache")
    return home


@pytest.fixture
def settings(mounted: Path, tmp_path: Path) -> Settings:
    state = tmp_path / "state"
    state.mkdir()
    (state / "cache").symlink_to(mounted / "cache")
    return settings_for(mounted / "models", state, report_wait=60)


@pytest.fixture
def client(settings: Settings) -> Iterator[TestClient]:
    with ready_client(settings) as client:
        yield client


def ask(client: TestClient, data: bytes, name: str = "face.png", **query: Any) -> Any:
    options = {"heatmap": "none", **query}
    if "models" not in options:
        options.setdefault("model", "spots")
    return client.post("/api/report", files={"image": (name, data)}, params=options)


def report(client: TestClient, data: bytes, name: str = "face.png", **query: Any) -> Any:
    answer = ask(client, data, name, **query)
    assert answer.status_code == 200, answer.text
    return answer.json()


class Page(HTMLParser):
    """The elements and words of a page, as a browser reads them."""

    def __init__(
        self, client: TestClient, data: bytes, name: str = "face.png", **query: Any
    ) -> None:
        super().__init__()
        answer = ask(client, data, name, format="html", **query)
        assert answer.status_code == 200, answer.text
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(answer.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += f"{data} "

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]

    @property
    def words(self) -> str:
        return " ".join(self.text.split())


def decoded(uri: str) -> Image.Image:
    head, _, data = uri.partition(",")
    assert head == "data:image/jpeg;base64"
    return Image.open(io.BytesIO(base64.b64decode(data)))


def test_a_report_is_the_answer_of_predict_and_the_facts_to_weigh_it(client: TestClient) -> None:
    answer = report(client, WHITE)
    (result,) = answer["results"]
    prediction = predict(client, WHITE, model="spots").json()
    for verdict in (result, prediction):
        del verdict["timing_ms"]
    assert result == prediction
    (model,) = answer["models"]
    assert (model["name"], model["sha256"]) == ("spots", prediction["model_sha256"])
    assert (model["threshold"], model["threshold_chosen"]) == (0.4, "for this test")
    assert (model["known_failures"], model["calibration"]) == (["Blurred pictures."], "none")
    assert answer["file"]["name"] == "face.png"
    assert answer["file"]["sha256"] == prediction["image"]["sha256"]
    assert answer["created"].endswith("Z")
    assert {"detection-model", "webapp-backend", "numpy", "python"} <= set(answer["software"])
    assert {view["view"] for view in answer["forensics"]} == {"jpeg", "double_compression"}
    assert answer["agreement"] is None


def test_all_models_side_by_side_and_the_active_one_leads(client: TestClient) -> None:
    answer = report(client, WHITE, models="all")
    names = [result["model"] for result in answer["results"]]
    assert sorted(names) == ["both", "faces", "spots"]
    assert answer["leading"] == predict(client, WHITE).json()["model"]
    assert answer["agreement"]["models"] == 3
    page = Page(client, WHITE, models="all")
    assert answer["agreement"]["message"] in page.words
    for model in answer["models"]:
        assert f"SHA-256 {model['sha256']}" in page.words


def test_the_page_needs_nothing_from_outside_and_runs_nothing(client: TestClient) -> None:
    answer = ask(client, SPOT, format="html")
    page = Page(client, SPOT)
    assert {tag for tag, _ in page.tags} <= TAGS
    for tag, attributes in page.tags:
        assert not [name for name in attributes if name.startswith("on")], tag
        assert attributes.get("href") is None
        assert str(attributes.get("src", "data:")).startswith("data:"), tag
        assert "url(" not in str(attributes.get("style")), tag
    style = re.search("<style>(.*?)</style>", answer.text, re.DOTALL)
    assert style is not None
    assert not re.search(r"url\(|@import|https?:|//", style[1])
    policy = str(next(tag["content"] for tag in page.all("meta") if tag.get("http-equiv")))
    assert policy == answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none';")
    assert "script" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert re.fullmatch(
        r'attachment; filename="report-[0-9a-f]{12}\.html"', answer.headers["content-disposition"]
    )


def test_a_screen_reader_finds_headings_table_headers_and_texts(client: TestClient) -> None:
    page = Page(client, SPOT, models="all")
    assert page.all("html") == [{"lang": "en"}]
    assert len(page.all("h1")) == 1
    assert all(image.get("alt") for image in page.all("img"))
    assert all(cell.get("scope") for cell in page.all("th"))
    assert len(page.all("caption")) == len(page.all("table"))


def test_hostile_names_and_metadata_are_only_words(client: TestClient) -> None:
    info = PngImagePlugin.PngInfo()
    info.add_itxt("parameters", f"{NASTY}\nSteps: 20, Sampler: {NASTY}, CFG scale: 7, Seed: 1")
    info.add_itxt("Software", NASTY)
    file = io.BytesIO()
    Image.new("RGB", (60, 80), "white").save(file, "PNG", pnginfo=info)
    name = NASTY.replace("/", "\u2215")
    page = Page(client, file.getvalue(), name)
    assert {tag for tag, _ in page.tags} <= TAGS
    assert not any("onerror" in attributes for _, attributes in page.tags)
    assert all(str(image["src"]).startswith("data:image/jpeg") for image in page.all("img"))
    assert page.words.count("<script>alert(1)") >= 3  # title, name, metadata


def test_what_the_file_says_of_itself_is_apart_from_the_verdict(client: TestClient) -> None:
    info = PngImagePlugin.PngInfo()
    info.add_itxt("parameters", "a face\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1")
    file = io.BytesIO()
    Image.new("RGB", (60, 80), "black").save(file, "PNG", pnginfo=info)
    answer = report(client, file.getvalue())
    assert answer["results"][0]["verdict"] == "real"
    assert answer["provenance"]["says_generated"] is True
    words = Page(client, file.getvalue()).words
    assert "No sign of generation was found" in words
    assert (
        "Apart from any model: The file says that it was generated. It names Stable Diffusion."
        in words
    )
    assert "generated: Stable Diffusion in TEXT parameters" in words


def test_no_sign_is_not_called_authentic_and_nothing_is_called_proof(client: TestClient) -> None:
    for data, headline in (
        (BLACK, "No sign of generation was found"),
        (WHITE, "Signs of generation were found"),
    ):
        words = Page(client, data).words
        assert headline in words
        assert "No sign of generation does not mean that the picture is authentic." in words
        assert not re.search(r"(?<!not )(?<!never )a proof|is authentic(?!\.)|proven", words)


def test_places_and_names_are_masked_unless_asked_for(client: TestClient) -> None:
    exif = Image.Exif()
    exif[0x13B] = "Jane Roe"
    data = encoded(np.full((80, 60, 3), 90, np.uint8), "JPEG", exif=exif)
    hidden, visible = ask(client, data), ask(client, data, personal=True)
    assert "Jane Roe" not in hidden.text
    assert hidden.json()["provenance"]["masked"] == 1
    assert "Jane Roe" in visible.text
    assert "Jane Roe" not in Page(client, data).text
    assert "Jane Roe" in Page(client, data, personal=True).text


def test_the_thumbnail_is_small_and_holds_no_metadata(client: TestClient) -> None:
    exif = Image.Exif()
    exif[0x13B] = "Jane Roe"
    data = encoded(shaded(90, 900, 1200), "JPEG", exif=exif, comment=b"Jane Roe")
    uri = report(client, data)["file"]["thumbnail"]
    image = decoded(uri)
    assert image.size == (480, 360)
    assert b"Jane" not in base64.b64decode(uri.partition(",")[2])
    assert not image.getexif()


def test_the_heat_map_shows_the_place_that_speaks_for_the_verdict(
    client: TestClient, settings: Settings
) -> None:
    with working(settings):
        answer = report(client, SPOT, heatmap="gradcam")
        page = Page(client, SPOT, heatmap="gradcam")
    assert answer["heatmap_missing"] is None
    heat = answer["heatmap"]
    assert (heat["model"], heat["towards"], heat["face"]) == ("spots", "Fake", None)
    colours = np.asarray(decoded(heat["overlaid"]), np.int64)
    assert colours.shape[:2] == (128, 96)
    # Viridis ends in yellow: green above blue; and begins in violet.
    spot, corner = colours[28, 20], colours[110, 80]
    assert spot[1] > spot[2] + 40
    assert corner[2] > corner[1]
    assert "most for Fake" in page.words
    assert heat["overlaid"] in [image["src"] for image in page.all("img")]


def test_without_a_worker_the_report_says_so_and_comes_all_the_same(settings: Settings) -> None:
    quick = settings.model_copy(update={"report_wait": 0.1})
    with ready_client(quick) as client:
        answer = report(client, SPOT, heatmap="gradcam")
        assert answer["heatmap"] is None
        assert "no heat map within 0.1 seconds" in answer["heatmap_missing"]
        words = Page(client, SPOT, heatmap="gradcam").words
        assert "Heat map not available: There was no heat map within 0.1 seconds." in words


def test_an_ensemble_has_no_heat_map_and_the_report_says_why(client: TestClient) -> None:
    answer = report(client, SPOT, model="both", heatmap="gradcam")
    assert "spots" in answer["heatmap_missing"]
    assert answer["results"][0]["model"] == "both"


def test_each_face_is_numbered_and_told(
    client: TestClient, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = np.concatenate([shaded(60), shaded(200, seed=1)], axis=1)
    plant(monkeypatch, face(50, 50, 100), face(250, 60, 80))
    data = encoded(pair)
    answer = report(client, data, model="faces")
    (result,) = answer["results"]
    assert answer["file"]["faces"] == len(result["faces"]) == 2
    page = Page(client, data, model="faces")
    assert "Face 1 Face 2" in page.words
    assert len([tag for tag in page.all("span") if tag.get("class") == "face"]) == 2
    with working(settings):
        answer = report(client, data, model="faces", heatmap="gradcam")
    assert answer["heatmap_missing"] is None
    assert result["faces"][answer["heatmap"]["face"]]["logit"] == result["logit"]


@pytest.mark.parametrize(
    ("data", "query", "status", "code"),
    [
        (b"hello, I am text", {}, 415, "unsupported_format"),
        (b"", {}, 400, "empty_file"),
        (WHITE, {"model": "v99"}, 404, "unknown_model"),
        (WHITE, {"format": "pdf"}, 422, "invalid_parameter"),
        (WHITE, {"heatmap": "lime"}, 422, "invalid_parameter"),
    ],
)
def test_what_predict_refuses_a_report_refuses(
    client: TestClient, data: bytes, query: dict[str, str], status: int, code: str
) -> None:
    answer = ask(client, data, **query)
    assert (answer.status_code, answer.json()["error"]) == (status, code)
    assert report(client, WHITE)["success"] is True
