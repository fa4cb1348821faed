"""The compiled module: hot loops over columns, each with a plain NumPy version in the tests."""

from poseval.kernels import _kernels
from poseval.threads import tell_limit

tell_limit(_kernels.set_thread_limit)
