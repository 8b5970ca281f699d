"""numba kernels of the quantizers. The typed functions around them are in the parent package."""
