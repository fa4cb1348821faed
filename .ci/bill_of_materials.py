"""The software bill of materials of a wheel, as CycloneDX 1.6.

    python .ci/bill_of_materials.py WHEEL > WHEEL.cdx.json

It names what the wheel requires, as its metadata say, and what is compiled into it. Nothing in it depends on
the time or the machine, so that the same wheel has the same bill.
"""

import hashlib
import json
import re
import sys
import zipfile
from email.parser import Parser
from pathlib import Path

COMPILED_IN = {"pybind11": "BSD-3-Clause"}  # whose code, and not only ideas, is in the compiled module


def bill(wheel: Path) -> dict[str, object]:
    """The bill of materials of a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        (path,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        metadata = Parser().parsestr(archive.read(path).decode())
    name, version = metadata["Name"], metadata["Version"]
    own = f"pkg:pypi/{name}@{version}"
    parts = [_required(text) for text in metadata.get_all("Requires-Dist", []) if "extra ==" not in text]
    parts += [_compiled(name, licence) for name, licence in COMPILED_IN.items()]
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "library",
                "bom-ref": own,
                "name": name,
                "version": version,
                "purl": own,
                "licenses": [{"license": {"id": metadata["License-Expression"]}}],
                "hashes": [{"alg": "SHA-256", "content": hashlib.sha256(wheel.read_bytes()).hexdigest()}],
            }
        },
        "components": parts,
        "dependencies": [{"ref": own, "dependsOn": [part["bom-ref"] for part in parts]}],
    }


def _required(text: str) -> dict[str, object]:
    """A requirement; which version meets it is chosen when the wheel is installed."""
    name = re.split(r"[^\w.-]", text, maxsplit=1)[0]
    purl = f"pkg:pypi/{re.sub('[-_.]+', '-', name).lower()}"
    asked = {"name": "poseval:requirement", "value": text}
    return {"type": "library", "bom-ref": purl, "name": name, "purl": purl, "properties": [asked]}


def _compiled(name: str, licence: str) -> dict[str, object]:
    purl = f"pkg:github/{name}/{name}"
    return {
        "type": "library",
        "bom-ref": purl,
        "name": name,
        "purl": purl,
        "licenses": [{"license": {"id": licence}}],
        "properties": [{"name": "poseval:use", "value": "compiled into poseval.kernels._kernels"}],
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(bill(Path(sys.argv[1])), indent=1, sort_keys=True) + "\n")
