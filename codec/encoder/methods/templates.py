"""Clause 15.5: a weight as scaled and shifted templates, with or without a residual."""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nnref.codec.decoder.members import Member
from nnref.codec.decoder.methods.templates import (
    Planes,
    TemplateSyntax,
    template_syntax,
    tools,
)
from nnref.codec.encoder.member import CodedMember, UnitTools, quantized_member
from nnref.codec.encoder.methods import MethodCoded, MethodTask, common_elements
from nnref.codec.encoder.settings import EncodeSettings
from nnref.codec.entropy import PayloadEncoder, TensorSyntax
from nnref.codec.quantization.templates import Float64, Kernels, fitted_scales
from nnref.spec.errors import UsageError
from nnref.spec.syntax import write_unit
from nnref.spec.tables.enums import Method
from nnref.spec.tables.private_units import METHOD_UNIT

Float32 = NDArray[np.float32]
Quantized = NDArray[np.int32]

LEAST_SIZE: Final = 4
"""Weights of a kernel: of fewer, index, scale and offset are no fewer numbers."""
_COUNTS: Final = (8, 32, 128)
"""Templates that are tried where the encoder chooses."""
_KERNELS_PER_TEMPLATE: Final = 4
_NOISE: Final = 0.1
"""Error of templates, scales and offsets each, as a part of what the templates leave over."""
_LEAST_ERROR: Final = 1e-9
"""That is taken for at least this part of the signal: steps stay within reach."""
_NO_ERROR: Final = 1e-60
"""The same for a tensor of zeros."""
_INDEX_LENGTHS: Final = (11, 31, 101, 256)
"""Unary lengths that are tried for the indices."""


class _TemplateEncoder:
    """Makes units of one weight."""

    def __init__(self, task: MethodTask, size: int) -> None:
        self._task = task
        self._settings = task.weight.settings
        self._weights = np.ascontiguousarray(task.weight.coded, np.float32)
        self._kernels = self._weights.reshape(-1, size).astype(np.float64)
        signed = self._settings.template_distance == "signed"
        self._clusters = Kernels.of(self._kernels, signed=signed)

    def unit(self, count: int) -> MethodCoded:
        """The unit with so many templates."""
        indices, parts = self._represented(count)
        templates, scales, offsets = (self._decoded(part) for part in parts)
        planes = Planes(templates, indices, scales, offsets, None)
        if self._settings.template_residual:
            parts.append(self._residual(planes.weights()))
            planes = planes._replace(residual=self._decoded(parts[-1]))
        return self._written(indices, parts, planes)

    def _decoded(self, part: CodedMember) -> Float32:
        decoded: Float32 = part.decoded(self._settings.density)
        return decoded

    def _represented(self, count: int) -> tuple[Quantized, list[CodedMember]]:
        """Indices; templates, scales and offsets. What is coded later makes up for the errors of
        what is coded before.
        """
        rows, (_, size) = len(self._weights), self._kernels.shape
        exact, indices = self._clusters.clustered(count)
        scales = fitted_scales(self._kernels, exact[indices])
        noise = _NOISE * self._error(exact, indices, scales)
        power = max(float(np.mean(scales**2)), noise)
        templates = self._quantized(exact, noise / power)
        decoded = self._decoded(templates).astype(np.float64)
        indices, _ = self._clusters.nearest(decoded)
        chosen = decoded[indices]
        scales = fitted_scales(self._kernels, chosen)
        scale = self._quantized(scales.reshape(rows, -1), noise * size)
        left = self._kernels - self._decoded(scale).reshape(-1, 1) * chosen
        offset = self._quantized(left.mean(axis=1).reshape(rows, -1), noise)
        return indices.reshape(rows, -1), [templates, scale, offset]

    def _error(self, templates: Float64, indices: Quantized, scales: Float64) -> float:
        """Squared error of a weight, at least a little."""
        left = self._clusters.centred - scales[:, None] * templates[indices]
        least = _LEAST_ERROR * float(np.mean(self._kernels**2))
        return max(float(np.mean(left**2)), least, _NO_ERROR)

    def _quantized(self, values: Float64, noise: float) -> CodedMember:
        """A part with about so much squared error of a number."""
        own = {"step": math.sqrt(12 * noise), "cabac_unary_length_minus1": None}
        return self._part(values.astype(np.float32), own)

    def _residual(self, predicted: Float32) -> CodedMember:
        """What is left over, with the error of the unit without templates."""
        rest = self._weights - predicted.reshape(self._weights.shape)
        rest = rest.reshape(len(rest), -1)
        allowed = self._weights - self._task.decoded.astype(np.float64).reshape(self._weights.shape)
        error, signal = float(np.sum(allowed**2)), float(np.sum(rest.astype(np.float64) ** 2))
        if error == 0 or signal <= error:
            return self._part(rest, {"qp": self._task.unit.members[0].qp})
        return self._part(rest, {"sqnr": min(200.0, 10 * math.log10(signal / error))})

    def _part(self, values: Float32, quality: dict[str, float | None]) -> CodedMember:
        settings = EncodeSettings.from_options(self._settings, quality)
        shared = UnitTools(dq_flag=settings.dq)
        return quantized_member(self._task.weight.name, values, settings, shared, self._task.state)

    def _written(self, indices: Quantized, parts: list[CodedMember], planes: Planes) -> MethodCoded:
        """The unit, with the unary length of the indices that makes it smallest; that of the
        numbers suits the residual.
        """
        count, size = planes.templates.shape
        unary_length, qp = self._settings.unary_length, None
        if planes.residual is not None:
            unary_length, qp = parts[-1].unary_length or unary_length, parts[-1].qp
        header = {
            "template_size_minus1": size - 1,
            "template_count_minus1": count - 1,
            "dq_flag": int(self._settings.dq),
            "cabac_unary_length_minus1": unary_length - 1,
            "template_residual_flag": int(planes.residual is not None),
        }
        member = Member(self._task.weight.name, "weight", self._weights.shape)
        payloads = {}
        for length in _INDEX_LENGTHS:
            header["template_index_unary_length_minus1"] = length - 1
            syntax = template_syntax(header, member)
            payloads[length] = self._payload(syntax, indices, parts)
            if length > count:
                break
        best = min(payloads, key=lambda length: len(payloads[length]))
        header["template_index_unary_length_minus1"] = best - 1
        fields = common_elements(self._task, Method.TEMPLATES) | {"template_header": header}
        data = write_unit(METHOD_UNIT, fields, payloads[best], self._task.state)
        decoded = planes.weights().reshape(self._weights.shape)
        return MethodCoded(data, decoded, qp, tools({"template_header": header}))

    def _payload(
        self, syntax: TemplateSyntax, indices: Quantized, parts: list[CodedMember]
    ) -> bytes:
        """Clause 15.5.2: the codeword."""
        encoder = PayloadEncoder()
        search = self._settings.shift_search
        for number, (part, coded) in enumerate(zip(_real(syntax), parts, strict=True)):
            assert coded.quantized is not None
            assert coded.qp is not None
            encoder.iae(6 + self._settings.density, coded.qp - self._task.state.base_qp)
            encoder.encode_tensor(coded.quantized.reshape(-1), part, shift_search=search)
            if number == 0:
                encoder.encode_tensor(indices.reshape(-1), syntax.indices, shift_search=search)
        return encoder.finish()


def _real(syntax: TemplateSyntax) -> list[TensorSyntax]:
    """The parts of real numbers, in the order of the codeword."""
    residual = [] if syntax.residual is None else [syntax.residual]
    return [syntax.templates, syntax.plane, syntax.plane, *residual]


def encode(task: MethodTask) -> MethodCoded | None:
    """The unit with as many templates as the settings ask for.

    Where they leave it to the encoder: the smallest one found, if it is smaller than the unit
    without templates and has no more error. None for tensors without kernels. Raises UsageError
    step-out-of-range.
    """
    settings, shape = task.weight.settings, task.weight.coded.shape
    size = math.prod(shape[2:])
    if len(shape) < 3 or size < LEAST_SIZE:
        return None
    kernels = task.weight.coded.size // size
    encoder = _TemplateEncoder(task, size)
    if settings.templates != "auto":
        return encoder.unit(min(settings.templates, kernels))
    best: MethodCoded | None = None
    allowed, smallest = task.squared_error(task.decoded), len(task.plain)
    for count in _COUNTS:
        if count * _KERNELS_PER_TEMPLATE > kernels:
            break
        try:
            found = encoder.unit(count)
        except UsageError:  # numbers far larger or smaller than the weight's
            continue
        if len(found.data) < smallest and task.squared_error(found.decoded) <= allowed:
            best, smallest = found, len(found.data)
    return best
