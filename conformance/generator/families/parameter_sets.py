"""Clauses 6.3, 6.4, 6.6 and 11: start units, parameter sets, what they activate."""

from collections.abc import Iterator
from typing import Any, Final

from nnref.conformance.generator.case import Case, case
from nnref.conformance.generator.shorthand import (
    Choices,
    Unit,
    edition_2,
    parameters,
    start,
    tensor,
)
from nnref.spec.tables.enums import UnitType

GROUP: Final = "parameter-sets"
NO_DENSITY: Final[dict[str, Any]] = {"mps_qp_density": None, "mps_quantization_parameter": None}


def layer(method: int = 1, density: int = 3, base: int = 0, **fields: object) -> Unit:
    """A layer parameter set."""
    quantization = {"lps_qp_density": density, "lps_quantization_parameter": base}
    present = quantization if method & 3 else {}
    return Unit(UnitType.NNR_LPS, {"lps_quantization_method_flags": method} | present | fields)


def densities() -> Iterator[Case]:
    """Every density with the least, the greatest and no difference of qp."""
    for density in range(8):
        half = 1 << (5 + density)
        deltas = {"least": -half, "zero": 0, "greatest": half - 1, "odd": -density - 1}
        yield case(
            GROUP,
            f"density-{density}",
            f"qp_density {density}",
            "The number of bits of the qp and the fraction of the step follow from the density; a "
            "negative qp is divided towards minus infinity.",
            ("7.3.2", "10.1"),
            start(),
            parameters(density),
            *(tensor(name, [3], Choices([1, -3, 0], delta)) for name, delta in deltas.items()),
        )


def bases() -> Iterator[Case]:
    """The edges of the base parameter."""
    for name, density, base in (
        ("least", 7, -4096),
        ("minus-one", 2, -1),
        ("one", 2, 1),
        ("greatest", 7, 4095),
    ):
        yield case(
            GROUP,
            f"base-{name}",
            f"mps_quantization_parameter {base}",
            "The base has 13 bits in two's complement and is added to every difference of qp.",
            ("7.3.2", "5.2"),
            start(),
            parameters(density, base),
            tensor("w", [3], Choices([1, -2, 0], 5)),
        )


def extremes() -> Iterator[Case]:
    """Steps beyond binary32, and products beyond it."""
    for name, base in (("product", 125), ("step", 128), ("far", 4000)):
        yield case(
            GROUP,
            f"huge-{name}",
            f"A step of 2^{base}",
            "A product beyond binary32 is an infinity, as is a step; a step beyond binary32 makes "
            "a level of 0 no number.",
            ("10.1", "10.2", "4.2"),
            start(),
            parameters(0, base),
            tensor("w", [4], Choices([1, -1, 9, -8])),
            decisions=("D-19",),
        )


def methods() -> Iterator[Case]:
    """Every combination of method flags; without density the only tensors are integers."""
    for method in range(8):
        has_density = method & 3 != 0
        quantization: dict[str, Any] = {} if has_density else NO_DENSITY
        yield case(
            GROUP,
            f"methods-{method}",
            f"mps_quantization_method_flags {method}",
            "Density and base are there when one of the two lower flags is set; the third is "
            "reserved and announces nothing.",
            ("7.3.2", "13.2"),
            start(),
            parameters(mps_quantization_method_flags=method, **quantization),
            layer(method, method, method - 4),
            *([tensor("w", [2], Choices([1, -1], 2))] if has_density else []),
        )


def layers() -> Iterator[Case]:
    """Layer parameter sets."""
    yield case(
        GROUP,
        "layer-edges",
        "Layer parameter sets at the edges of their elements",
        "Every set replaces the one before as a whole, for all units behind it.",
        ("6.6", "7.5", "11"),
        start(),
        parameters(),
        layer(1, 7, -4096, lps_self_contained_flag=1),
        tensor("a", [2], Choices([1, -1], 0)),
        layer(2, 0, 0),
        tensor("b", [2], Choices([1, -1], 3)),
        layer(3, 1, 1),
        layer(3, 2, -1),
        tensor("c", [2], Choices([1, -1], 3)),
        layer(1, 7, 4095),
        tensor("d", [2], Choices([1, -1], -3)),
    )
    yield case(
        GROUP,
        "only-layer",
        "Density and base from a layer parameter set alone",
        "The model parameter set has no density; the tensor is decodable all the same.",
        ("11", "7.3.2"),
        start(),
        parameters(mps_quantization_method_flags=0, **NO_DENSITY),
        layer(1, 4, -8),
        tensor("w", [3], Choices([2, 0, -7], 1)),
    )


def flags() -> Iterator[Case]:
    """Flags and strings of profile 1."""
    yield case(
        GROUP,
        "no-topology",
        "A stream that carries no topology",
        "topology_carriage_flag says what the stream holds; nothing in decoding depends on it.",
        ("7.3.1",),
        start(),
        parameters(topology_carriage_flag=0),
        tensor("w", [1], Choices([1])),
    )
    for name, idc, text in (("empty", 1, ""), ("names", 1, "Größe·层")):
        yield case(
            GROUP,
            f"strings-{name}",
            f"Strings of the model parameter set: {name}",
            "Strings end with a zero byte and start on a byte boundary; an empty one is that "
            "byte, and a character can take several bytes.",
            ("6.4", "5.6", "7.3.3"),
            start(idc),
            parameters(
                base_model_id_present_flag=1,
                base_model_id=text,
                metric_type_performance_map_valid_flag=1,
                performance_metric_type=text,
            ),
            edition_2("w", [1], Choices([1])),
        )
    for name, number in (("nan", float("nan")), ("inf", float("inf")), ("zero", -0.0)):
        yield case(
            GROUP,
            f"performance-{name}",
            f"validation_set_performance: {name}",
            "The number stands in front of the alignment, four groups of eight bits with the "
            "least significant first.",
            ("7.3.3", "5.5"),
            start(1),
            parameters(
                validation_set_performance_present_flag=1,
                performance_metric_type="m",
                validation_set_performance=number,
            ),
            edition_2("w", [1], Choices([1])),
        )


def headers() -> Iterator[Case]:
    """Streams without tensors."""
    yield case(
        GROUP,
        "start-only",
        "A start unit and nothing else",
        "A stream without tensors is valid: no tensor is not an error.",
        ("8.2", "6.3"),
        start(),
    )
    yield case(
        GROUP,
        "no-tensors",
        "Start unit and model parameter set alone",
        "A stream without tensors is valid: no tensor is not an error.",
        ("8.2",),
        start(1),
        parameters(),
    )


def cases() -> Iterator[Case]:
    """The family."""
    for family in (densities, bases, extremes, methods, layers, flags, headers):
        yield from family()
