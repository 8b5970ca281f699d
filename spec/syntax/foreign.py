"""What a file that is no stream seems to be, for the error that says so."""

from typing import Final

_MAGIC: Final = (
    (b"PK\x03\x04", "a zip archive, as .npz and .pt files are"),
    (b"\x93NUMPY", "an .npy file"),
    (b"\x1f\x8b", "a gzip file: decompress it first"),
    (b"\x28\xb5\x2f\xfd", "a zstd file: decompress it first"),
    (b"BZh", "a bzip2 file: decompress it first"),
    (b"\xfd7zXZ\x00", "an xz file: decompress it first"),
    (b"\x89HDF\r\n", "an HDF5 file"),
    (b"GGUF", "a GGUF file"),
    (b"\x7fELF", "a program"),
)
_TFLITE: Final = b"TFL3"
_ONNX_IR_VERSIONS: Final = range(1, 32)
_PICKLE_PROTOCOLS: Final = range(2, 8)
_SAMPLE: Final = 512
_CONTROLS: Final = set(range(32)) - set(b"\t\n\r\f")


def other_format(data: memoryview) -> str:
    """A clause that names the format which the first bytes are of; empty if none is known."""
    name = _name(bytes(data[:_SAMPLE]), len(data))
    return f"the file seems to be {name}" if name else ""


def _name(start: bytes, size: int) -> str:
    for magic, name in _MAGIC:
        if start.startswith(magic):
            return name
    if start[8:9] == b"{" and int.from_bytes(start[:8], "little") <= size - 8:
        return "a safetensors file: nnref encode makes a stream of it"
    if start[4:8] == _TFLITE:
        return "a TensorFlow Lite file"
    if start[:1] == b"\x80" and start[1:2] and start[1] in _PICKLE_PROTOCOLS:
        return "a pickle, as old .pt files are"
    if start[:1] == b"\x08" and start[2:3] == b"\x12" and start[1] in _ONNX_IR_VERSIONS:
        return "an ONNX file"
    return "text" if _is_text(start) else ""


def _is_text(start: bytes) -> bool:
    # A character may be cut at the end of the sample.
    decoded = start.decode("utf-8", errors="ignore")
    enough = len(start) >= 4 and len(decoded.encode()) > len(start) - 4
    return enough and not _CONTROLS & set(start)
