"""Small networks with batch norms in every position that matters, in a trained state."""

import torch
from torch import nn


def settle(module, seed=1):
    """Random statistics and parameters, so that folding wrongly shows; in eval mode."""
    generator = torch.Generator().manual_seed(seed)
    for child in module.modules():
        if isinstance(child, nn.modules.batchnorm._BatchNorm) and child.running_var is not None:
            child.running_mean.normal_(generator=generator)
            child.running_var.uniform_(0.2, 3.0, generator=generator)
        for parameter in child.parameters(recurse=False):
            with torch.no_grad():
                parameter.normal_(0.0, 0.4, generator=generator)
    return module.eval()


class Plain(nn.Module):
    """Every kind of layer, each with a batch norm of its own."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 8, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(8, eps=1e-3)
        self.grouped = nn.Sequential(nn.Conv2d(8, 8, 3, groups=4), nn.BatchNorm2d(8), nn.ReLU())
        self.up = nn.ConvTranspose2d(8, 8, 2, stride=2, groups=2)
        self.up_norm = nn.BatchNorm2d(8, affine=False)
        self.fc = nn.Linear(8, 5)
        self.fc_norm = nn.BatchNorm1d(5)

    def forward(self, x):
        x = torch.relu(self.bn1(self.conv1(x)))
        x = torch.relu(self.up_norm(self.up(self.grouped(x))))
        return self.fc_norm(self.fc(x.mean((2, 3))))


class Block(nn.Module):
    """A residual block whose projection has a batch norm, too."""

    def __init__(self, inputs, outputs):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.downsample = nn.Sequential(nn.Conv2d(inputs, outputs, 1), nn.BatchNorm2d(outputs))

    def forward(self, x):
        y = torch.relu(self.bn1(self.conv1(x)))
        return torch.relu(self.bn2(self.conv2(y)) + self.downsample(x))


class PreActivation(nn.Module):
    """Names as in a residual block, but each batch norm comes before its layer."""

    def __init__(self):
        super().__init__()
        self.bn1 = nn.BatchNorm2d(4)
        self.conv1 = nn.Conv2d(4, 4, 3, padding=1)
        self.bn2 = nn.BatchNorm2d(4)
        self.conv2 = nn.Conv2d(4, 4, 3, padding=1)

    def forward(self, x):
        x = self.conv1(torch.relu(self.bn1(x)))
        return self.conv2(torch.relu(self.bn2(x)))


class Branching(nn.Module):
    """Cannot be traced symbolically: its forward looks at the data."""

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU())

    def forward(self, x):
        return self.features(x) if float(x.sum()) > -1e9 else x


class Watched(nn.Module):
    """Cannot be traced, and takes the output of a layer in a sequence for itself, too."""

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU())
        self.head = nn.Conv2d(4, 4, 1)

    def forward(self, x):
        if float(x.sum()) < -1e9:
            return x
        early = self.features[0](x)
        return self.features[1](early) + self.head(early)


class Peeking(Watched):
    """As before, but only a function takes the output."""

    def forward(self, x):
        if float(x.sum()) < -1e9:
            return x
        early = self.features[0](x)
        return self.features[1](early) + early.mean()


class Twice(nn.Module):
    """A layer whose output is used beside its batch norm, one called twice, one with two norms."""

    def __init__(self):
        super().__init__()
        self.split = nn.Conv2d(3, 3, 1)
        self.split_norm = nn.BatchNorm2d(3)
        self.again = nn.Conv2d(3, 3, 1)
        self.again_norm1 = nn.BatchNorm2d(3)
        self.again_norm2 = nn.BatchNorm2d(3)
        self.conv = nn.Conv2d(3, 3, 1)
        self.reused_norm = nn.BatchNorm2d(3)
        self.functional = nn.Conv2d(3, 3, 1)
        self.functional_norm = nn.BatchNorm2d(3)

    def forward(self, x):
        y = self.split(x)
        x = self.split_norm(y) + y
        x = self.again_norm1(self.again(x)) + self.again_norm2(self.again(x))
        x = self.reused_norm(self.reused_norm(self.conv(x)))
        return self.functional_norm(self.functional(x)) + self.functional.weight.sum()


class Standardized(nn.Conv2d):
    """A convolution that does not use its weight as it is."""

    def forward(self, x):
        weight = self.weight - self.weight.mean((1, 2, 3), keepdim=True)
        return nn.functional.conv2d(x, weight, self.bias)
