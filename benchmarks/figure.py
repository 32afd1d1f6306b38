"""One measured figure beside its reference."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """`value` and `reference_value` are medians in `unit`, measured in the same run on the same machine."""

    name: str
    value: float
    unit: str
    reference: str
    reference_value: float

    @property
    def ratio(self) -> float:
        return self.value / self.reference_value
