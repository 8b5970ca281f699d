"""Clustering kernels by their correlation."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from nnref.codec.quantization.templates import Kernels, fitted_scales


def kernels_of(seed, count, size):
    return np.random.default_rng(seed).normal(size=(count, size))


def error(kernels, templates, indices):
    chosen = templates[indices]
    scales = fitted_scales(kernels, chosen)
    left = kernels - scales[:, None] * chosen
    return float(np.sum((left - left.mean(axis=1, keepdims=True)) ** 2))


def test_templates_that_kernels_are_made_of_are_found():
    truth = kernels_of(0, 4, 9)
    scales = np.linspace(-2, 2, 400)[:, None]
    kernels = scales * truth[np.arange(400) % 4] + 5
    templates, indices = Kernels.of(kernels).clustered(4)
    assert error(kernels, templates, indices) < 1e-9 * np.sum(kernels**2)
    _, by_sign = Kernels.of(kernels, signed=True).clustered(4)
    assert len(set(by_sign.tolist())) == 4
    eight, indices = Kernels.of(kernels, signed=True).clustered(8)
    assert error(kernels, eight, indices) < 1e-9 * np.sum(kernels**2)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 1 << 20), st.integers(1, 40), st.integers(2, 9), st.booleans())
def test_templates_have_mean_0_and_norm_1_and_the_first_is_used_most(seed, count, size, signed):
    kernels = kernels_of(seed, 60, size)
    templates, indices = Kernels.of(kernels, signed=signed).clustered(count)
    assert np.allclose(templates.mean(axis=1), 0)
    assert np.allclose(np.linalg.norm(templates, axis=1), 1)
    used = np.bincount(indices, minlength=count)
    assert (np.diff(used) <= 0).all()


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 1 << 20))
def test_every_kernel_has_the_template_of_greatest_correlation(seed):
    kernels = kernels_of(seed, 50, 6)
    templates = kernels_of(seed + 1, 7, 6)
    indices, _ = Kernels.of(kernels).nearest(templates)
    r = np.corrcoef(kernels, templates)[:50, 50:]
    assert np.allclose(np.abs(r).max(axis=1), np.abs(r)[np.arange(50), indices])
    indices, _ = Kernels.of(kernels, signed=True).nearest(templates)
    assert np.allclose(r.max(axis=1), r[np.arange(50), indices])


def test_more_templates_have_no_more_error():
    kernels = kernels_of(3, 500, 9)
    errors = [error(kernels, *Kernels.of(kernels).clustered(count)) for count in (1, 4, 16, 64)]
    assert errors == sorted(errors, reverse=True)


def test_constant_kernels_and_templates_have_scale_0():
    kernels = np.ones((5, 4))
    templates, indices = Kernels.of(kernels).clustered(2)
    assert not templates.any()
    assert not fitted_scales(kernels, templates[indices]).any()
