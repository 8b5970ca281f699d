"""Annex E: the events of the decoding process that a trace is made of."""

from typing import TYPE_CHECKING

from nnref.spec.process.probability import Context

if TYPE_CHECKING:
    from nnref.spec.process.engine import ArithmeticDecoder


class Observer:
    """Clause E: Trace, assembly and divergence formats. Hears every event in decoding order.

    Subclasses override what they want to keep. Positions are bits from the first bit of the
    stream. The process works the same without an observer.
    """

    def unit(self, index: int, nnr_unit_type: int, bit: int, size: int) -> None:
        """A unit of `size` bytes was found; its size field starts at `bit`."""

    def element(self, path: str, bit: int, length: int, value: int | float | str | bytes) -> None:
        """A syntax element of a header was read: `length` bits from `bit` on."""

    def engine(self, engine: "ArithmeticDecoder") -> None:
        """An arithmetic codeword begins; the engine's registers can be read after every bin."""

    def tensor(self, name: str, role: str, rows: int, columns: int) -> None:
        """The tensor data of a tensor begins."""

    def contexts(self, contexts: list[Context]) -> None:
        """The contexts of the tensor, before its first bin; the process goes on using the list."""

    def weight(self, position: int, state: int, neighbour: int) -> None:
        """A weight begins: row-major position, DQ state, previously coded level."""

    def level(self, position: int, level: int) -> None:
        """A weight is decoded."""

    def bin(
        self,
        kind: str,
        element: str,
        index: int | None,
        context: int | None,
        state: int | None,
        range_: int,
        offset: int,
        value: int,
    ) -> None:
        """A bin was decoded.

        `kind` is context, bypass or terminate; `index` is the x of abs_level_greater_x[x] and the
        like; `context` and `state` (S) belong to context bins; `state`, `range_` and `offset` are
        those before the bin.
        """

    def coded_element(self, element: str, index: int | None, value: int) -> None:
        """An element of several bypass bins is complete, with this value."""

    def block_row(self, first_row: int, shifts: int, offset: int, state: int) -> None:
        """A block row begins (clause 9.6.3); the range was set to 256 if there are several."""
