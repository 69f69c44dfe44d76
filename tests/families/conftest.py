"""One deployment for all tests of this folder."""

from collections.abc import Iterator

import pytest

from tests.families.deployment import Deployment


@pytest.fixture(scope="session")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """Started at first use, and ended with the run."""
    pytest.importorskip("eng_to_ipa", reason="the extra openvoice is not installed")
    pytest.importorskip("gruut", reason="the extra melotts is not installed")
    pytest.importorskip("webrtcvad", reason="the extra harmonyspeech is not installed")
    deployment = Deployment(tmp_path_factory.mktemp("families"))
    yield deployment
    deployment.close()
