"""Update chains through NNCodec: what its encoder and its decoder keep from stream to stream.

The state is NNCodec's own, a mapping that its functions read and write, and its history masks. A
sender and a receiver have one each. NNCodec has no base in it: the first update of a tensor has
depth 1, and nothing to refer to. A base that is entered here counts as depth 0, so that the first
update can refer to it.
"""

from typing import Any

import numpy as np
from nncodec import nnc
from nncodec.nnc_core.hdsp.hdsp_tool import HdspTool

from .frames import Array, Message


class _Side:
    """A sender or a receiver."""

    def __init__(self) -> None:
        self.state: dict[str, Any] = {
            "parameters": {},
            "put_node_depth": {},
            "parameter_id": {},
            "device_id": 0,
        }
        self.history = HdspTool(True)

    def options(self) -> dict[str, Any]:
        """What NNCodec's functions take."""
        return {
            "approx_param_base": self.state,
            "update_base_param": True,
            "hdsp_tool": self.history,
        }


_SIDES: dict[str, _Side] = {}


def start_chain(_request: Message) -> tuple[dict[str, Any], list[Array]]:
    """Forget what was kept."""
    _SIDES.update(sender=_Side(), receiver=_Side())
    return {}, []


def compress_update(request: Message) -> tuple[dict[str, Any], list[Array]]:
    """`values`: names, options of NNCodec; arrays: the differences. Gives a stream."""
    tensors = dict(zip(request.values["names"], request.arrays, strict=True))
    stream = nnc.compress(
        tensors,
        bitstream_path=None,
        return_bitstream=True,
        compress_differences=True,
        **request.values["options"],
        **_SIDES["sender"].options(),
    )
    return {}, [np.frombuffer(bytes(stream), np.uint8)]


def decompress_update(request: Message) -> tuple[dict[str, Any], list[Array]]:
    """`arrays`: the next stream of a chain, a base first. Gives its tensors in decoded order."""
    side = _SIDES["receiver"]
    stream = bytearray(request.arrays[0].tobytes())
    tensors, _ = nnc.decompress(stream, return_hls=True, **side.options())
    if request.values["is_base"]:
        side.state["put_node_depth"] = dict.fromkeys(side.state["put_node_depth"], 0)
    return {"names": list(tensors)}, [np.asarray(a) for a in tensors.values()]
