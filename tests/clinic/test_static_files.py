"""In production a module is known by one name only, however it is reached."""

import re
from pathlib import Path

from django.conf import settings

from clinic.static_files import Storage

OURS = Path(settings.BASE_DIR) / "static"


def test_every_import_of_our_modules_names_the_sum(tmp_path):
    storage = Storage(location=tmp_path, base_url="/static/")
    names = [str(path.relative_to(OURS)) for path in (OURS / "js").glob("*.js")]
    for name in names:
        target = tmp_path / name
        target.parent.mkdir(exist_ok=True)
        target.write_bytes((OURS / name).read_bytes())

    made = storage.post_process({name: (storage, name) for name in names})
    done = {old: new for old, new, _processed in made if new.endswith(".js")}

    for name, hashed in done.items():
        told = re.findall(r'from "([^"]+)"', (tmp_path / hashed).read_text())
        wanted = re.findall(r'from "\./([^"]+)"', (OURS / name).read_text())
        assert [t.split("/")[-1] for t in told] == [Path(done[f"js/{w}"]).name for w in wanted]
    assert any("from" in (tmp_path / new).read_text() for new in done.values())
