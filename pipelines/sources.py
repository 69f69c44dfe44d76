"""Where a file of weights may come from, as written: `package:`, `hf:`, `s3:` and `path:`."""

from __future__ import annotations

import re
from typing import Final

from pipelines.errors import CatalogError

#: What a source may look like: scheme → form, for people, and pattern.
_FORMS: Final = {
    "package": (
        "package:pypi/NAME@VERSION/PATH or package:npm/NAME@VERSION/PATH",
        re.compile(r"^package:(?:pypi|npm)/(?:@\w[\w.-]*/)?\w[\w.-]*@\w[\w.+!-]*/.+$"),
    ),
    "hf": (
        "hf:OWNER/REPO@REVISION/PATH",
        re.compile(r"^hf:(?P<repo>\w[\w.-]*/\w[\w.-]*)@(?P<revision>\w[\w.-]*)/(?P<path>[^/\s].*)$"),
    ),
    "s3": (
        "s3:BUCKET/KEY",
        re.compile(r"^s3:(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])/(?P<key>[^/].*)$"),
    ),
    "path": ("path:/FOLDER/FILE or path:~/FOLDER/FILE", re.compile(r"^path:(?P<path>(?:/|~/).*[^/])$")),
}
#: The same for the `source` of a model in config.yml, which names the folder that its files lie in.
_FOLDERS: Final = {
    "hf": (
        "hf:OWNER/REPO@REVISION or hf:OWNER/REPO@REVISION/FOLDER",
        re.compile(r"^hf:(?P<repo>\w[\w.-]*/\w[\w.-]*)(?:@(?P<revision>\w[\w.-]*))?(?P<path>(?:/[^/\s]+)*)/?$"),
    ),
    "s3": (
        "s3:BUCKET or s3:BUCKET/PREFIX",
        re.compile(r"^s3:(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?P<path>(?:/[^/]+)*)/?$"),
    ),
    "path": ("path:/FOLDER or path:~/FOLDER", re.compile(r"^path:(?P<path>(?:/|~/).*)$")),
}
#: Sources that say themselves what a file hashes to, or that belong to the operator: checksums may be left out.
UNPINNED: Final = ("hf", "s3", "path")


def scheme(source: str) -> str:
    return source.partition(":")[0]


def parts(source: str) -> dict[str, str]:
    """The named parts of a source of one file; CatalogError says what it should look like."""
    return _matched(source, _FORMS)


def files_in(folder: str, revision: str | None = None) -> str:
    """What the paths of files are appended to, for a `source` of config.yml; CatalogError says what is wrong with it.

    `revision` stands in for the one after `@` of a hub's repository; elsewhere it is a label that changes nothing here.
    """
    found = _matched(folder, _FOLDERS)
    if scheme(folder) != "hf":
        return folder.rstrip("/") + "/"
    named = revision or found["revision"]
    if not named:
        raise CatalogError(f"{folder!r} names no revision; add @REVISION: a commit, or a branch such as @main")
    return f"hf:{found['repo']}@{named}{found['path']}/"


def at_revision(source: str, revision: str) -> str:
    """The same file of a hub's repository at another revision; other sources as they are."""
    if scheme(source) != "hf":
        return source
    found = parts(source)
    return f"hf:{found['repo']}@{revision}/{found['path']}"


def _matched(source: str, forms: dict[str, tuple[str, re.Pattern[str]]]) -> dict[str, str]:
    form = forms.get(scheme(source))
    if form is None:
        raise CatalogError(f"{source!r} is none of: {', '.join(text for text, _ in forms.values())}")
    match = form[1].match(source)
    if match is None or ".." in source.split("/"):
        raise CatalogError(f"{source!r} is not {form[0]}")
    return match.groupdict()
