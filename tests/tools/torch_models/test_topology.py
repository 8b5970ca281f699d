"""A PyTorch program travels with its weights: the stream alone gives the network back."""

import io

import numpy as np
import torch
from torch import nn

from nnref.codec import Topology, encode, open_stream
from nnref.spec.tables.enums import TopologyStorageFormat


def outputs(module, example):
    with torch.no_grad():
        return module(example).numpy()


def test_a_network_is_rebuilt_from_the_stream_alone():
    generator = torch.Generator().manual_seed(1)
    net = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 3))
    example = torch.randn(5, 6, generator=generator)
    weights = {name: tensor.numpy().copy() for name, tensor in net.state_dict().items()}
    expected = outputs(net, example)
    with torch.no_grad():
        for tensor in net.parameters():
            tensor.zero_()  # the program goes without its weights
    program = io.BytesIO()
    torch.export.save(torch.export.export(net, (example,)), program)
    carried = Topology.of(program.getvalue(), TopologyStorageFormat.NNR_TPL_PYT, deflate=True)
    stream = encode(weights, sqnr=60, topologies=(carried,))
    assert len(carried.data) < len(program.getvalue()) / 2

    opened = open_stream(stream)
    (topology,) = opened.topologies
    rebuilt = torch.export.load(io.BytesIO(topology.content())).module()
    rebuilt.load_state_dict({name: torch.from_numpy(array) for name, array in opened.items()})
    assert np.allclose(outputs(rebuilt, example), expected, atol=0.02)
    assert np.abs(expected).max() > 0.1
