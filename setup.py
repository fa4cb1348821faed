"""Builds the compiled module; everything else is declared in setup.cfg."""

import gzip
import multiprocessing
import os
import sys
import tarfile
from glob import glob

from pybind11.setup_helpers import ParallelCompile, Pybind11Extension, build_ext
from setuptools import setup
from setuptools.command.sdist import sdist

try:
    multiprocessing.Lock()
    JOBS = 2
except OSError:  # no semaphores, as in a chroot without /dev/shm: one file is compiled after the other
    JOBS = 1
ParallelCompile("POSEVAL_BUILD_JOBS", default=JOBS).install()

# Contraction into fused multiply-adds would change the last bit of OKS on some processors.
FLAGS = ["/fp:precise"] if sys.platform == "win32" else ["-O3", "-ffp-contract=off", "-pthread"]


class SameSdist(sdist):
    """With SOURCE_DATE_EPOCH set, the same sources give the same bytes, as they do in a wheel."""

    def make_archive(self, base_name, format, root_dir=None, base_dir=None, owner=None, group=None):
        """Write the archive with one time, one owner and plain rights for all members."""
        given = os.environ.get("SOURCE_DATE_EPOCH")
        if given is None or format != "gztar":
            return super().make_archive(base_name, format, root_dir, base_dir, owner, group)

        def plain(member):
            member.mtime, member.uid, member.gid, member.uname, member.gname = int(given), 0, 0, "", ""
            member.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
            return member

        target = base_name + ".tar.gz"
        with (
            open(target, "wb") as file,
            gzip.GzipFile("", "wb", fileobj=file, mtime=int(given)) as packed,
            tarfile.open(mode="w", fileobj=packed, format=tarfile.PAX_FORMAT) as archive,
        ):
            archive.add(base_dir, filter=plain)
        return target


setup(
    ext_modules=[
        Pybind11Extension(
            "poseval.kernels._kernels",
            sorted(glob("poseval/kernels/units/*.cpp")),  # which include the files beside their folder
            depends=sorted(glob("poseval/kernels/*.[ch]pp")),
            cxx_std=20,
            extra_compile_args=FLAGS,
        )
    ],
    cmdclass={"build_ext": build_ext, "sdist": SameSdist},
)
