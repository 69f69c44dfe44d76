"""`python -m harmony.openapi FILE`: writes the API's description, sorted, so that a change shows as what it is."""

from __future__ import annotations

import json
import sys
from pathlib import Path


def main() -> None:
    from api.main import create_app

    text = json.dumps(create_app().openapi(), indent=2, sort_keys=True, ensure_ascii=False)
    Path(sys.argv[1]).write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
