"""Whatever happens to a source, in whatever order, its rollups are exact."""

from __future__ import annotations

import pytest

from tests.helpers import Lab
from tests.histories import History


@pytest.mark.parametrize("seed", range(2))
def test_rollups_are_exact_after_each_step(lab: Lab, seed: int) -> None:
    History(lab, seed).go_on(50)
