"""What Vite built is found by its manifest; a missing build is said at start and breaks no page."""

import json

import pytest
from django.contrib.staticfiles import finders

from viewer.assets import ViewerAssets, viewer_assets
from viewer.checks import check_client_is_built

MANIFEST = {
    "src/main.ts": {
        "file": "assets/viewer-1.js",
        "isEntry": True,
        "dynamicImports": ["_reading-1.js", "node_modules/codec/decode.js"],
    },
    "_reading-1.js": {"file": "assets/reading-1.js", "imports": ["src/main.ts"]},
    "style.css": {"file": "assets/style-1.css"},
    "node_modules/codec/decode.js": {"file": "assets/decode-1.js"},
}


@pytest.fixture
def built(tmp_path, settings):
    """Return a function that writes a manifest where the finders look."""

    def write(content):
        path = tmp_path / "viewer" / ".vite" / "manifest.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content))

    settings.STATICFILES_DIRS = [tmp_path]
    finders.get_finder.cache_clear()
    yield write
    finders.get_finder.cache_clear()


def test_the_entry_its_styles_and_what_it_loads_next_are_named(built):
    built(MANIFEST)
    assert viewer_assets() == ViewerAssets(
        script="/static/viewer/assets/viewer-1.js",
        styles=("/static/viewer/assets/style-1.css",),
        preloads=("/static/viewer/assets/reading-1.js",),
    )
    assert check_client_is_built(None) == []


def test_catalogues_are_not_asked_for_ahead_as_one_or_none_of_them_is_needed(built):
    catalogue = {"src/words/catalogues/ro.json": {"file": "assets/ro-1.js"}}
    entry = MANIFEST["src/main.ts"]
    entry = {**entry, "dynamicImports": [*entry["dynamicImports"], *catalogue]}
    built({**MANIFEST, **catalogue, "src/main.ts": entry})
    assert viewer_assets().preloads == ("/static/viewer/assets/reading-1.js",)


def test_a_new_build_is_seen_without_a_restart(built, tmp_path):
    built(MANIFEST)
    viewer_assets()
    built({"src/main.ts": {"file": "assets/viewer-22.js"}})
    assert viewer_assets().script == "/static/viewer/assets/viewer-22.js"


@pytest.mark.parametrize("content", [None, "", "{", "[]", "{}", '{"src/main.ts": 5}', '{"src/main.ts": {}}'])
def test_a_missing_or_broken_build_is_said_with_its_cure(built, content):
    if content is not None:
        built(content)
    assert viewer_assets() == ViewerAssets()
    [warning] = check_client_is_built(None)
    assert warning.id == "viewer.W001"
    assert "make setup" in warning.hint
