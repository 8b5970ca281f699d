"""A weight as its coding starts: as it is, or with the rows brought to one magnitude."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import prod
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from nnref.codec.calibration import Moments
from nnref.codec.encoder.member import CodedMember
from nnref.codec.encoder.settings import EncodeSettings
from nnref.codec.formats import Carrier
from nnref.codec.quantization import local_scaling, recomposition
from nnref.codec.transform.local_scaling import split_local_scaling
from nnref.spec.tables.enums import PayloadType

Float32 = NDArray[np.float32]


def scaling_name(name: str) -> str:
    """The name of a weight's local scaling factors: the one that NNCodec gives them."""
    return f"{name}_scaling"


@dataclass(frozen=True, slots=True)
class Weight:
    """What stands first in a unit: the weight of a block, or a tensor of its own."""

    name: str
    carrier: Carrier
    settings: EncodeSettings
    """Its own (rules applied)."""
    dtype: np.dtype[Any]
    """Of the model's tensor, to which decoded values are rounded."""
    coded: NDArray[Any]
    """What is quantized: the carrier's values, or with local scaling rows of one magnitude."""
    scaling: Float32 | None = None
    """Clause 10.6: the factors that such rows need; None without local scaling."""
    moments: Moments | None = None
    """Of its inputs, where a calibration has them."""

    @classmethod
    def of(
        cls,
        name: str,
        carrier: Carrier,
        settings: EncodeSettings,
        dtype: np.dtype[Any],
        moments: Moments | None = None,
    ) -> Self:
        """A tensor with the local scaling that its settings ask for.

        Raises what `split_local_scaling` raises.
        """
        values = carrier.values
        if not settings.local_scaling or not can_be_scaled(values.shape):
            return cls(name, carrier, settings, dtype, values, moments=moments)
        if carrier.payload_type != PayloadType.NNR_PT_FLOAT:
            return cls(name, carrier, settings, dtype, values)
        coded, scaling = split_local_scaling(values)
        return cls(name, carrier, settings, dtype, coded, scaling)

    @property
    def has_forms(self) -> bool:
        """Whether it can have a codebook, factors or local scaling: a quantized matrix."""
        return self.carrier.payload_type == PayloadType.NNR_PT_FLOAT and self.coded.ndim > 1

    def decoded(self, members: Iterable[CodedMember], qp_density: int | None) -> NDArray[Any]:
        """Clause 10.6: what a decoder makes of the members that stand for the weight.

        Local scaling of the model's own is not applied: it is no part of the weight.
        """
        found = {m.role: m.decoded(qp_density) for m in members if self.is_part(m)}
        if "ls" in found:
            scaled = "G" if "G" in found else "weight"
            found[scaled] = local_scaling(found[scaled], found["ls"])
        if "weight" in found:
            return found["weight"]
        return recomposition(found["G"], found["H"]).reshape(self.coded.shape)

    def decoded_portions(
        self, members: Iterable[CodedMember], qp_density: int | None
    ) -> Iterator[NDArray[Any]]:
        """The same as flat arrays one behind the other; in portions where it stands alone."""
        own = [member for member in members if self.is_part(member)]
        if len(own) == 1:
            yield from own[0].decoded_portions(qp_density)
        else:
            yield self.decoded(own, qp_density).reshape(-1)

    def is_part(self, member: CodedMember) -> bool:
        """Whether a member of the unit stands for the weight, alone or with others."""
        own = member.role == "ls" and self.scaling is not None
        return own or member.role in ("weight", "G", "H")


def can_be_scaled(shape: tuple[int, ...]) -> bool:
    """Whether a tensor has rows whose magnitudes may differ, of more than a number each."""
    return len(shape) > 1 and shape[0] > 1 and prod(shape[1:]) > 1
