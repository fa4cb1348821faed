#!/usr/bin/env bash
# Builds the compiled module with sanitizers, in a copy of the tree, and runs the tests that reach it.
#
#   tests/sanitise.sh address    memory and undefined behaviour
#   tests/sanitise.sh thread     data races
#   tests/sanitise.sh plain      no sanitizer, and JSON without blocks, as on processors without vectors
#
# Needs GCC with its sanitizers, and the packages of the extra `test`. More arguments go to pytest.
set -euo pipefail
cd "$(dirname "$0")/.."
kind="${1:-}"
shift || true
python="${PYTHON:-python}"

work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
git ls-files -z --cached --others --exclude-standard -- .github poseval tests setup.py setup.cfg pyproject.toml README.md LICENSE LICENSES NOTICE |
    xargs -0 cp --parents --target-directory "$work"

library() { gcc -print-file-name="$1"; }
export CI=1 # Hypothesis sets no deadlines then
export OPENBLAS_NUM_THREADS=1 POSEVAL_NUM_THREADS=4 PYTHONPATH="$work" POSEVAL_SANITISED=1
export POSEVAL_SHARED="${POSEVAL_SHARED:-$PWD/../shared}"
case "$kind" in
address)
    flags="-fsanitize=address,undefined -fno-sanitize-recover=undefined"
    # The C++ library, too: what throws must be there before the sanitizer looks for it.
    preload="$(library libasan.so) $(library libubsan.so) $(library libstdc++.so)"
    export ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1
    ;;
thread)
    flags="-fsanitize=thread"
    preload="$(library libtsan.so)"
    export TSAN_OPTIONS=halt_on_error=1:exitcode=66:allocator_may_return_null=1
    ;;
plain)
    flags="-DPOSEVAL_PLAIN"
    preload=""
    unset POSEVAL_SANITISED
    ;;
*)
    echo "usage: tests/sanitise.sh address|thread|plain [pytest arguments]" >&2
    exit 2
    ;;
esac

cd "$work"
CFLAGS="$flags -g1 -fno-omit-frame-pointer" LDFLAGS="$flags" "$python" setup.py --quiet build_ext --inplace

# Addresses at random would be where the thread sanitizer wants its own.
checked() { LD_PRELOAD="$preload" setarch --addr-no-randomize "$python" "$@"; }
checked -m pytest -q -p no:cacheprovider tests/kernels tests/hostile tests/fuzz "$@"
checked -m tests.kernels.random_calls --seed 11 --count 10000
checked -m tests.fuzz.coco --rounds 1500 --seed 11
