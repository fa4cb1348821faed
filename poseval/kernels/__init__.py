"""The compiled module: hot loops over columns, each with a plain NumPy version in the tests."""

from poseval.kernels import _kernels
from poseval.threads import thread_limit

_kernels.set_thread_limit(thread_limit())
