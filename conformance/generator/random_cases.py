"""Cases without end: seeded random streams, for soak tests."""

from collections.abc import Iterator

from nnref.conformance.generator.building import Description
from nnref.conformance.generator.case import Case
from nnref.conformance.random_streams import random_chain


def random_cases(chains: int, seed: int) -> Iterator[Case]:
    """The streams of so many chains, from this seed on; a chain has one to three of them."""
    for number in range(seed, seed + chains):
        chain = random_chain(number)
        known = {
            name: {
                "tensor_dimensions": list(given.tensor_dimensions or ()),
                "cabac_unary_length_minus1": given.cabac_unary_length_minus1,
            }
            for name, given in chain.out_of_band.items()
        }
        for step, data in enumerate(chain.streams):
            description = Description(
                f"random-{number}-{step}",
                f"Random stream {step} of seed {number}",
                (),
                chain.dialect,
                f"random-{number}-{step - 1}" if step else None,
                known,
                data=data,
            )
            yield Case(
                "random",
                description,
                "Coding tools in a combination that nobody thought of.",
                ("9", "10"),
            )
