"""Random fields of any unit, drawn by walking the declarations themselves."""

from collections.abc import Sequence
from random import Random
from typing import Any

from construct.lib import Container

from nnref.spec.syntax.descriptors import BS, FLT, IE, ST, UE, Alignment, I, U, Undefined
from nnref.spec.syntax.elements import Element, Structure, is_variable
from nnref.spec.syntax.state import StreamState, syntax_parameters
from nnref.spec.syntax.units import unit_syntax
from nnref.spec.syntax.writer import UNLIMITED

SMALL = {
    "count_tensor_dimensions": 4,
    "codebook_size": 9,
    "spm_count_thresholds": 3,
    "ppm_count_pruning_ratios": 3,
    "upm_count_thresholds": 3,
    "dpm_count_thresholds": 3,
    "count_reshaped_tensor_dimension": 4,
    "count_super_block_dimension": 4,
    "count_block_dimension": 4,
    "spm_count_classes": 3,
    "ppm_count_classes": 3,
    "upm_count_classes": 3,
    "dpm_count_classes": 3,
    "tensor_dimensions": 60,
    "g_number_of_rows": 2,
    "decomposition_rank": 30,
    "first_tensor_dimension_shift": 2,
}
"""Bounds that keep counts small and constraints likely."""


def _members(types: int) -> int:
    return 1 + sum((1, 1, 4, 1)[bit] for bit in range(4) if types >> bit & 1)


AGREEING: dict[str, Any] = {
    "tensor_dimensions_flag": lambda context, random: 1,
    "input_parameters_present_flag": lambda context, random: 1,
    "nnr_multiple_topology_elements_present_flag": lambda context, random: int(
        context["nnr_compressed_data_unit_payload_type"] == 3
    ),
    "count_topology_elements_minus2": lambda context, random: _members(random.randrange(1, 16)) - 2,
    "compressed_parameter_types": lambda context, random: random.choice(
        [
            types
            for types in range(16)
            if context["nnr_compressed_data_unit_payload_type"] != 3
            or _members(types) == context["count_topology_elements_minus2"] + 2
        ]
    ),
    "dq_flag": lambda context, random: int(
        context["nnr_compressed_data_unit_payload_type"] != 0
        and not context["codebook_present_flag"]
        and random.random() < 0.5
    ),
    "codebook_centre_offset": lambda context, random: (
        random.randrange(context["codebook_size"]) - (context["codebook_size"] >> 1)
    ),
}
"""Elements that must agree with earlier ones."""


def random_fields(kind: int, state: StreamState, seed: int) -> dict[str, Any]:
    """Fields that the syntax of the unit has, with values in range; constraints may fail."""
    parameters = syntax_parameters(state, {}, UNLIMITED)
    return _draw(unit_syntax(kind).elements, Random(seed), parameters, None, None)


def _draw(
    elements: Sequence[Element], random: Random, parameters: Any, outer: Any, index: Any
) -> dict[str, Any]:
    context = Container({"_params": parameters, "_": outer, "_index": index})
    given: dict[str, Any] = {}
    for element in elements:
        if is_variable(element):
            context[element.name] = element.body.func(context)
        elif element.when is not None and not element.when(context):
            if element.name:
                value = element.inferred.func
                context[element.name] = value(context) if callable(value) else value
        elif element.name:
            given[element.name] = context[element.name] = _value(
                element, random, parameters, context
            )
    return given


def _value(element: Element, random: Random, parameters: Any, context: Any) -> Any:
    if element.count is None:
        return _body(element, random, parameters, context, None)
    count = element.count(context)
    return [_body(element, random, parameters, context, i) for i in range(count)]


def _body(element: Element, random: Random, parameters: Any, context: Any, index: Any) -> Any:
    body = element.body
    if isinstance(body, Structure):
        return _draw(body.elements, random, parameters, context, index)
    if element.name in AGREEING:
        return AGREEING[element.name](context, random)
    if element.name in SMALL:
        return random.randint(body.spans[0].start if body.spans else 0, SMALL[element.name])
    return DRAW[type(body)](body, random)


def _span(body: Any, random: Random) -> int:
    span = random.choice(body.spans)
    return random.choice((span.start, span.stop - 1, random.randrange(span.start, span.stop)))


def _text(body: Any, random: Random) -> str:
    return "".join(random.choices("abcé☃.", k=random.choice((0, 1, 9, 70)))) + str(random.random())


DRAW: dict[type, Any] = {
    U: _span,
    I: _span,
    UE: lambda body, random: random.getrandbits(random.randint(0, 20)),
    IE: lambda body, random: random.getrandbits(random.randint(0, 20)) - (1 << 10),
    FLT: lambda body, random: float(random.randint(-100, 100)) / 8,
    ST: _text,
    BS: lambda body, random: random.randbytes(random.randint(0, 50)),
    Alignment: None,
    Undefined: None,
}
