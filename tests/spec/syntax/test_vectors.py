"""The stored streams of two published codecs: headers as they were read there, same bytes back."""

import json

import pytest

from nnref.spec.syntax import OutOfBand, entry_point_values, read_units, write_unit
from tests.support import shared_dir

pytestmark = pytest.mark.shared

STATE = {"unit", "general_profile_idc", "mps_topology_indexed_reference_flag"}
STATE |= {"mps_parent_signalling_enabled_flag"}
"""Keys that repeat earlier units in every later one."""


def out_of_band(entry):
    options = entry.get("decode_options") or {}
    given = {
        name: OutOfBand(values["tensor_dimensions"], values["cabac_unary_length_minus1"])
        for name, values in options.get("oob_dict", {}).items()
    }
    shapes = options.get("tensor_dimensions", {})
    return given | {name: OutOfBand(shape) for name, shape in shapes.items()}


def stored(folder):
    vectors = shared_dir() / "vectors" / folder
    entries = json.loads((vectors / "manifest.json").read_text())["vectors"]
    assert entries
    for entry in entries:
        yield vectors, entry, (vectors / entry["stream"]).read_bytes(), out_of_band(entry)


@pytest.mark.parametrize("folder", ["nncodec-2.1.3", "nncodec-1.0"])
def test_every_stream_is_written_back_byte_by_byte(folder):
    for _, entry, stream, given in stored(folder):
        findings = []
        units = list(read_units(stream, out_of_band=given, findings=findings))
        assert not findings, entry["id"]
        assert stream == b"".join(
            write_unit(u.nnr_unit_type, u.fields, u.payload, u.state, out_of_band=given)
            for u in units
        ), entry["id"]


def test_every_header_equals_the_stored_one():
    compared = set()
    for vectors, entry, stream, given in stored("nncodec-2.1.3"):
        headers = json.loads((vectors / entry["headers"]).read_text())
        units = list(read_units(stream, out_of_band=given))
        assert len(units) == len(headers), entry["id"]
        for unit, header in zip(units, headers, strict=True):
            for key, value in header.items():
                if key not in STATE or key in unit.fields:
                    assert as_stored(unit, key) == value, (entry["id"], unit.index, key)
                    compared.add(key)
    assert len(compared) > 50


def as_stored(unit, key):
    """The value under the key of the stored headers."""
    fields = unit.fields
    match key:
        case "unit":
            return unit.type_name.removeprefix("NNR_")
        case "topology_data":
            return fields.topology_data.decode()
        case "codebook__":
            return fields.codebook.codebook
        case "CbZeroOffset__":
            return fields.codebook.codebook_zero_offset
        case "codebook_egk__" | "codebook_size__":
            return fields.codebook[key.removesuffix("__")]
        case "cabac_entry_point_list":
            points = entry_point_values(fields.entry_points)
            return [(bits << 11) + (offset << 3) + state for bits, offset, state in points]
    return fields[key]
