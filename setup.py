"""Builds the compiled module; everything else is declared in setup.cfg."""

import sys
from glob import glob

from pybind11.setup_helpers import ParallelCompile, Pybind11Extension, build_ext
from setuptools import setup

ParallelCompile("POSEVAL_BUILD_JOBS", default=2).install()

# Contraction into fused multiply-adds would change the last bit of OKS on some processors.
FLAGS = ["/fp:precise"] if sys.platform == "win32" else ["-O3", "-ffp-contract=off", "-pthread"]

setup(
    ext_modules=[
        Pybind11Extension(
            "poseval.kernels._kernels",
            sorted(glob("poseval/kernels/*.cpp")),
            depends=sorted(glob("poseval/kernels/*.hpp")),
            cxx_std=20,
            extra_compile_args=FLAGS,
        )
    ],
    cmdclass={"build_ext": build_ext},
)
