"""Clause 13.2: what the decoding process does with a stream that breaks a rule: it stops."""

from nnref.spec.tables.rules import RULES


class Refused(Exception):  # noqa: N818 - a refusal is the specified outcome, not a mishap
    """Clause 13.2: Reserved values. Decoding stopped because the stream breaks a rule.

    `rule_id` is a key of `nnref.spec.tables.rules.RULES`; `bit` counts from the first bit of the
    stream; `unit` is the index of the unit. Both are None until they are known.
    """

    def __init__(self, rule_id: str, detail: str = "", bit: int | None = None) -> None:
        self.rule_id = RULES[rule_id].id
        self.detail = detail
        self.bit = bit
        self.unit: int | None = None
        super().__init__(rule_id, detail, bit)

    def __str__(self) -> str:
        place = "" if self.bit is None else f" at bit {self.bit}"
        return f"{self.rule_id}{place}: {self.detail or RULES[self.rule_id].text}"
