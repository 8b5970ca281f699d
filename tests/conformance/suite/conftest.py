"""Cases with pictures are for those who can decode pictures."""

import pytest

from tests.support import needs_pictures


@pytest.fixture(autouse=True)
def _pictures(request):
    parameters = getattr(request.node, "callspec", None)
    sheet = parameters and parameters.params.get("sheet")
    if sheet is not None and "hevc" in sheet.features:
        needs_pictures()
