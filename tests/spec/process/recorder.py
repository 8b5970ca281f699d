"""An observer that keeps everything."""

from nnref.spec.process import Observer


class Recorder(Observer):
    """Elements as (path, bit, length, value), bins as the tuples the engine reports."""

    def __init__(self):
        self.units = []
        self.elements = []
        self.tensors = []
        self.stores = []
        self.bins = []
        self.coded = []
        self.weights = []
        self.levels = []
        self.block_rows = []

    def unit(self, index, nnr_unit_type, bit, size):
        self.units.append((index, nnr_unit_type, bit, size))

    def element(self, path, bit, length, value):
        self.elements.append((path, bit, length, value))

    def tensor(self, name, role, rows, columns):
        self.tensors.append((name, role, rows, columns))

    def contexts(self, contexts):
        self.stores.append(contexts)

    def weight(self, position, state, neighbour):
        self.weights.append((position, state, neighbour))

    def level(self, position, level):
        self.levels.append((position, level))

    def bin(self, kind, element, index, context, state, range_, offset, value):
        self.bins.append((kind, element, index, context, state, range_, offset, value))

    def coded_element(self, element, index, value):
        self.coded.append((element, index, value))

    def block_row(self, first_row, shifts, offset, state):
        self.block_rows.append((first_row, shifts, offset, state))

    @property
    def values(self):
        """Element values by path."""
        return {path: value for path, _, _, value in self.elements}
