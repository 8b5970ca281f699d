"""Clause 5: the descriptors as leaf constructs: one element, coded by one descriptor.

A leaf holds what belongs to its element alone: the descriptor's parameter, the allowed values
and the rule that a value outside breaks. It parses and builds through the bit streams of
`records`, and hands the code generator the source of the same calls.
"""

from collections.abc import Sequence
from enum import IntEnum
from typing import Any, ClassVar

from construct.core import Construct, evaluate

from nnref.spec.errors import NnrError, refusal
from nnref.spec.syntax.expressions import source, stream, text
from nnref.spec.syntax.records import ObservedReader, ObservedWriter, Record, element_path

Values = range | type[IntEnum] | Sequence[range] | None
Flaws = list[tuple[str, str]]
"""(rule id, detail) of what is wrong with a value that can be read or written."""


class Descriptor(Construct):
    """A leaf element.

    `values` are those it may have and `rule` the id broken otherwise; `default` is written when
    the element is present and not given.
    """

    method: ClassVar[str]
    """The method of `BitReader` and `BitWriter`."""
    shown: ClassVar[str]
    """As a syntax table shows it, with the parameter in place of {}."""
    own_rules: ClassVar[tuple[str, ...]] = ()
    """Ids of the rules that the descriptor itself can break."""

    def __init__(
        self,
        parameter: Any = None,
        *,
        values: Values = None,
        rule: str | None = None,
        default: Any = None,
        minimum_bits: int = 1,
    ) -> None:
        super().__init__()
        self.flagbuildnone = True
        self.parameter = parameter
        self.enumeration = values if isinstance(values, type) else None
        self.spans = _spans(values)
        self.rule = rule
        self.default = default
        self.minimum_bits = minimum_bits

    @property
    def text(self) -> str:
        """As a syntax table shows it: `u(5)`, `ue(codebook_egk)`, `st(v)`."""
        return self.shown.format(text(self.parameter))

    @property
    def values_text(self) -> str:
        """The allowed values: `0..3`; empty when nothing bounds them."""
        return ", ".join(_span_text(span) for span in self.spans)

    @property
    def rules(self) -> tuple[str, ...]:
        """Ids of the rules that the element can break on its own."""
        return self.own_rules + ((self.rule,) if self.rule else ())

    def read(self, bits: ObservedReader, context: Any) -> tuple[Any, Flaws]:
        """The element's value, and what is wrong with it."""
        value = getattr(bits, self.method)(*self._arguments(context))
        return value, self._flaws(value)

    def write(self, bits: ObservedWriter, value: Any, context: Any) -> Flaws:
        """Write the element; returns what is wrong with the value."""
        getattr(bits, self.method)(value, *self._arguments(context))
        return self._flaws(value)

    def read_source(self) -> str:
        """The same read for the generated reader."""
        return f"{self.method}({', '.join(self._sources())})"

    def write_source(self, value: str) -> str:
        """The same write for the generated writer, of the expression `value`."""
        return f"{self.method}({', '.join((value, *self._sources()))})"

    def test_source(self, value: str) -> str | None:
        """The test that the expression `value` is allowed; None: it always is."""
        if self.rule is None:
            return None
        return " or ".join(f"{span.start} <= {value} < {span.stop}" for span in self.spans)

    def _arguments(self, context: Any) -> tuple[Any, ...]:
        return () if self.parameter is None else (evaluate(self.parameter, context),)

    def _sources(self) -> tuple[str, ...]:
        return () if self.parameter is None else (source(self.parameter),)

    def _flaws(self, value: Any) -> Flaws:
        if self.rule is None or any(value in span for span in self.spans):
            return []
        return [(self.rule, f"value {value}; allowed: {self.values_text}")]

    def _parse(self, bits: ObservedReader, context: Any, path: str) -> Any:
        start = bits.position
        element = element_path(path)
        place: dict[str, Any] = {"element": element, "bit": start}
        try:
            value, flaws = self.read(bits, context)
        except NnrError as error:
            raise error.at(**place) from None
        if bits.sink:
            name = element.rpartition(".")[2].partition("[")[0]
            descriptor = self.shown.format(evaluate(self.parameter, context))
            length = bits.position - start
            bits.sink(Record(name, element, start, length, value, descriptor))
        for rule_id, detail in flaws:
            bits.judge.report(refusal(rule_id, detail, **place))
        return value

    def _build(self, obj: Any, bits: ObservedWriter, context: Any, path: str) -> Any:
        place = {"element": element_path(path)}
        value = self.default if obj is None else obj
        if value is None:
            raise refusal("element-missing", **place)
        try:
            flaws = self.write(bits, value, context)
        except NnrError as error:
            raise error.at(**place) from None
        for rule_id, detail in flaws:
            bits.judge.report(refusal(rule_id, detail, **place))
        return value


class U(Descriptor):
    """Clause 5.1: u(n). A single allowed value is written when none is given."""

    method, shown = "u", "u({})"

    def __init__(self, bits: int, *, values: Values = None, **options: Any) -> None:
        super().__init__(bits, values=values or range(1 << bits), minimum_bits=bits, **options)
        if self.spans == (range(1),):
            self.default = 0


class I(Descriptor):  # noqa: E742
    """Clause 5.2: i(n)."""

    method, shown = "i", "i({})"

    def __init__(self, bits: int) -> None:
        half = 1 << bits - 1
        super().__init__(bits, values=range(-half, half), minimum_bits=bits)


class UE(Descriptor):
    """Clause 5.3: ue(k); the order may be an earlier element."""

    method, shown = "ue", "ue({})"
    own_rules = ("exp-golomb-too-long",)


class IE(Descriptor):
    """Clause 5.4: ie(k)."""

    method, shown = "ie", "ie({})"
    own_rules = ("exp-golomb-too-long",)


class FLT(Descriptor):
    """Clause 5.5: flt(32)."""

    method, shown = "flt", "flt(32)"

    def __init__(self) -> None:
        super().__init__(minimum_bits=32)


class ST(Descriptor):
    """Clause 5.6: st(v), at most `Limits.max_string_bytes` bytes."""

    method, shown = "st", "st(v)"
    own_rules = ("string-not-aligned", "string-unterminated", "string-not-utf8", "limit-name-bytes")

    def __init__(self) -> None:
        super().__init__(minimum_bits=8)

    def read(self, bits: ObservedReader, context: Any) -> tuple[str, Flaws]:
        """A string within the limit."""
        return bits.st(stream.max_string_bytes(context)), []

    def read_source(self) -> str:
        """The same with the limit of the generated code."""
        return f"st({source(stream.max_string_bytes)})"


class BS(Descriptor):
    """Clause 5.7: bs(v): all bytes of the unit but its last, which is zero.

    So a content without zero bytes has the form of st(v), and any other is carried unchanged.
    """

    method, shown = "bs", "bs(v)"
    own_rules = ("byte-string-unterminated",)

    def __init__(self) -> None:
        super().__init__(minimum_bits=8)

    def read(self, bits: ObservedReader, context: Any) -> tuple[bytes, Flaws]:  # noqa: ARG002
        """The content; without the zero byte at the end, all bytes are content."""
        data = bits.rest()
        if data[-1:] == b"\0":
            return data[:-1], []
        return data, [("byte-string-unterminated", f"the last of {len(data)} bytes is not zero")]


class Alignment(Descriptor):
    """Clause 5.8: byte_alignment(); it has no value in the fields."""

    method, shown = "alignment", ""
    own_rules = ("alignment-bit-not-one", "alignment-bits-not-zero")

    def __init__(self) -> None:
        super().__init__(default=0)

    def read(self, bits: ObservedReader, context: Any) -> tuple[int, Flaws]:  # noqa: ARG002
        """The bits as an integer."""
        value, length = bits.alignment()
        first, others = value >> length - 1, value & (1 << length - 1) - 1
        flaws = [] if first else [("alignment-bit-not-one", f"{value:0{length}b}")]
        if others:
            flaws.append(("alignment-bits-not-zero", f"{value:0{length}b}"))
        return value, flaws

    def write(self, bits: ObservedWriter, value: Any, context: Any) -> Flaws:  # noqa: ARG002
        """The bits as they shall be."""
        bits.alignment()
        return []

    def read_source(self) -> str:
        """Raises when the bits are not as they shall be."""
        return "aligned()"

    def write_source(self, value: str) -> str:  # noqa: ARG002
        """Without a value."""
        return "alignment()"


class Undefined(Descriptor):
    """A structure whose syntax is not publicly known: reading or writing it breaks `rule`."""

    method, shown = "refuse", ""

    def __init__(self, rule: str) -> None:
        super().__init__(rule=rule, default=0)

    def read(self, bits: ObservedReader, context: Any) -> tuple[Any, Flaws]:  # noqa: ARG002
        """Always raises."""
        raise refusal(str(self.rule))

    def write(self, bits: ObservedWriter, value: Any, context: Any) -> Flaws:  # noqa: ARG002
        """Always raises."""
        raise refusal(str(self.rule))

    def read_source(self) -> str:
        """Always raises."""
        return f"refuse({self.rule!r})"

    def write_source(self, value: str) -> str:  # noqa: ARG002
        """Always raises."""
        return f"refuse({self.rule!r})"


def _spans(values: Values) -> tuple[range, ...]:
    if values is None:
        return ()
    if isinstance(values, range):
        return (values,)
    if isinstance(values, type):
        return (range(min(values), max(values) + 1),)
    return tuple(values)


def _span_text(span: range) -> str:
    last = span.stop - 1
    if last == span.start:
        return str(last)
    is_large_power = span.stop > 1 << 16 and not span.stop & last
    return f"{span.start}..2^{last.bit_length()} - 1" if is_large_power else f"{span.start}..{last}"
